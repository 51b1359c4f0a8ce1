namespace Dmkd.Core.Merging;

/// <summary>The one place that decides which weights are sent as factors and which whole (proposal 3.4).</summary>
/// <remarks>
/// <para>Vectors go whole: biases, normalisation weights and batch-norm statistics are one row, so a factorization cannot
/// shrink them, and they are below a hundredth of a network's values.</para>
/// <para>Matrices and convolutions ([out, in * kernel height * kernel width]) are factored exactly when that is smaller,
/// <c>r(m + n + 1) &lt; m n</c>. There is no margin beyond that: name and shape travel either way, so every value saved is
/// saved on the wire. A matrix of at most r rows or columns never passes, so it goes whole and without loss.</para>
/// </remarks>
public static class CompressionRule
{
    /// <summary>Whether a weight is sent as factors.</summary>
    /// <param name="shape">Shape of the weight.</param>
    /// <param name="rank">Singular triplets to keep, the proposal's <c>r</c>, at least 1.</param>
    public static bool UsesLowRank(long[] shape, int rank)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        if (shape.Length < 2) return false;
        var matrix = MatrixShape.Of(shape);
        return matrix.FactorValues(rank) < checked(matrix.Rows * matrix.Columns);
    }
}
