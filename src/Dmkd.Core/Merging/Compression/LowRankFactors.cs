using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Compression;

/// <summary>The best rank-r factors of a matrix, <c>U_r Σ_r V_rᵀ</c>. Owns its tensors (float32, contiguous).</summary>
/// <param name="Left"><c>U_r</c>, shape [rows, rank].</param>
/// <param name="Singular"><c>Σ_r</c>, shape [rank], largest first.</param>
/// <param name="Right"><c>V_rᵀ</c>, shape [rank, columns].</param>
public sealed record LowRankFactors(Tensor Left, Tensor Singular, Tensor Right) : IDisposable
{
    /// <summary>Multiplies the factors.</summary>
    /// <returns>Shape [rows, columns], owned by the caller.</returns>
    public Tensor Multiply()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return (Left * Singular).mm(Right).MoveToOuterDisposeScope();
    }

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        Left.Dispose();
        Singular.Dispose();
        Right.Dispose();
    }
}
