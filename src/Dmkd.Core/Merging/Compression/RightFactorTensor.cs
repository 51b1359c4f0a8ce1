namespace Dmkd.Core.Merging.Compression;

/// <summary>The right factor of a matrix alone: a node's <c>Q_nᵀ = Pᵀ M_n</c>, or the shared subspace <c>Qᵀ</c>. No update without its basis.</summary>
/// <param name="Name">Name of the weight it belongs to.</param>
/// <param name="Shape">Shape of that weight.</param>
/// <param name="Rank">Number of rows, in [1, min(rows, columns)].</param>
/// <param name="Right">The factor, shape [rank, columns].</param>
public sealed record RightFactorTensor(string Name, long[] Shape, int Rank, byte[] Right) : FactoredTensor(Name, Shape, Rank)
{
    /// <inheritdoc/>
    public override long ValueBytes => Right.LongLength;
}
