using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Compression;

/// <summary>
/// Orthonormalisation by Householder reflections in float64. Unlike Gram-Schmidt it gives orthonormal columns for every finite
/// matrix: where columns are zero or depend on earlier ones, further directions stand in for them.
/// </summary>
internal static class OrthonormalColumns
{
    /// <summary>Columns that span at least what the matrix's columns span.</summary>
    /// <param name="matrix">Shape [rows, rank], rows at least rank, finite. Borrowed.</param>
    /// <returns>Float64, shape [rows, rank], in the caller's dispose scope.</returns>
    public static Tensor Of(Tensor matrix)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (columns, _) = linalg.qr(matrix.to(ScalarType.Float64));
        return columns.MoveToOuterDisposeScope();
    }
}
