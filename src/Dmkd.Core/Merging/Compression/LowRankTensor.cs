namespace Dmkd.Core.Merging.Compression;

/// <summary>A tensor sent as <c>U Σ Vᵀ</c>: one update's singular triplets (proposal 3.4), or those of several updates side by side.</summary>
/// <param name="Name">Name of the weight it updates.</param>
/// <param name="Shape">Shape of that weight.</param>
/// <param name="Rank">Number of triplets, in [1, min(rows, columns)].</param>
/// <param name="Left"><c>U</c>, shape [rows, rank].</param>
/// <param name="Singular"><c>Σ</c>, shape [rank]; largest first within one update.</param>
/// <param name="Right"><c>Vᵀ</c>, shape [rank, columns].</param>
public sealed record LowRankTensor(string Name, long[] Shape, int Rank, byte[] Left, byte[] Singular, byte[] Right)
    : FactoredTensor(Name, Shape, Rank)
{
    /// <inheritdoc/>
    public override long ValueBytes => Left.LongLength + Singular.LongLength + Right.LongLength;
}
