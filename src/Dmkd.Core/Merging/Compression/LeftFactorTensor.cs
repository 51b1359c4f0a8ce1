namespace Dmkd.Core.Merging.Compression;

/// <summary>The left factor of a matrix alone: a node's projection <c>P_n = M_n Q</c>, or the round's basis <c>P</c>. No update by itself.</summary>
/// <param name="Name">Name of the weight it belongs to.</param>
/// <param name="Shape">Shape of that weight.</param>
/// <param name="Rank">Number of columns, in [1, min(rows, columns)].</param>
/// <param name="Left">The factor, shape [rows, rank].</param>
public sealed record LeftFactorTensor(string Name, long[] Shape, int Rank, byte[] Left) : FactoredTensor(Name, Shape, Rank)
{
    /// <inheritdoc/>
    public override long ValueBytes => Left.LongLength;
}
