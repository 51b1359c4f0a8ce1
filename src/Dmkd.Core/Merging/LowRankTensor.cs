namespace Dmkd.Core.Merging;

/// <summary>A tensor sent as <c>U_r Σ_r V_rᵀ</c> (proposal 3.4), where <see cref="MatrixShape"/> says what its rows and columns are.</summary>
/// <param name="Name">Name of the weight it updates.</param>
/// <param name="Shape">Shape of that weight.</param>
/// <param name="Rank">Singular triplets kept, in [1, min(rows, columns)].</param>
/// <param name="Left"><c>U_r</c>, shape [rows, rank].</param>
/// <param name="Singular"><c>Σ_r</c>, shape [rank], largest first.</param>
/// <param name="Right"><c>V_rᵀ</c>, shape [rank, columns].</param>
public sealed record LowRankTensor(string Name, long[] Shape, int Rank, byte[] Left, byte[] Singular, byte[] Right)
    : CompressedTensor(Name, Shape)
{
    /// <inheritdoc/>
    public override long ValueBytes => Left.LongLength + Singular.LongLength + Right.LongLength;
}
