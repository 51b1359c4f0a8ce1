namespace Dmkd.Core.Checkpoints;

/// <summary>One tensor as the header describes it.</summary>
/// <param name="Name">Name of the tensor.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Shape; empty for a single value.</param>
/// <param name="Begin">Position of the first byte, counted from the end of the header.</param>
/// <param name="End">Position after the last byte.</param>
internal sealed record SafeTensorsEntry(string Name, SafeTensorsType Type, long[] Shape, long Begin, long End);
