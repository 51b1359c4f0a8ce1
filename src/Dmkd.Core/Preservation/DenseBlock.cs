namespace Dmkd.Core.Preservation;

/// <summary>A rectangle of a symmetric matrix, above the diagonal or, symmetric itself, on it.</summary>
/// <param name="FirstRow">Its first row.</param>
/// <param name="FirstColumn">Its first column: <paramref name="FirstRow"/>, or at least <paramref name="FirstRow"/> + <paramref name="Rows"/>.</param>
/// <param name="Rows">Number of rows.</param>
/// <param name="Columns">Number of columns.</param>
/// <param name="Values">Row by row.</param>
internal sealed record DenseBlock(int FirstRow, int FirstColumn, int Rows, int Columns, double[] Values);
