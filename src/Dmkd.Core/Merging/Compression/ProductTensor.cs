namespace Dmkd.Core.Merging.Compression;

/// <summary>A tensor sent as <c>P Qᵀ</c>: a PowerSGD update together with its basis.</summary>
/// <param name="Name">Name of the weight it updates.</param>
/// <param name="Shape">Shape of that weight.</param>
/// <param name="Rank">Inner size of the product, in [1, min(rows, columns)].</param>
/// <param name="Left"><c>P</c>, shape [rows, rank].</param>
/// <param name="Right"><c>Qᵀ</c>, shape [rank, columns].</param>
public sealed record ProductTensor(string Name, long[] Shape, int Rank, byte[] Left, byte[] Right)
    : FactoredTensor(Name, Shape, Rank)
{
    /// <inheritdoc/>
    public override long ValueBytes => Left.LongLength + Right.LongLength;
}
