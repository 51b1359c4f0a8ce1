namespace Dmkd.Core.Merging.Compression;

/// <summary>The one place that decides which weights are sent as factors and which whole (proposal 3.4).</summary>
/// <remarks>
/// <para>Vectors go whole: biases, normalisation weights and batch-norm statistics are one row, so a factorization cannot
/// shrink them, and they are below a hundredth of a network's values.</para>
/// <para>Matrices and convolutions ([out, in * kernel height * kernel width]) are factored exactly when that is smaller. The
/// count depends on the compressor: <c>svd</c> sends singular values too and needs <c>r(m + n + 1) &lt; m n</c>;
/// <c>powersgd</c> sends <c>P</c> in phase one and <c>Q</c> in phase two and needs <c>r(m + n) &lt; m n</c>; <c>dense</c>
/// factors nothing. There is no margin beyond that: name and shape travel either way, so every value saved is saved on the
/// wire, in fp32 as in fp16. A matrix of at most r rows or columns never passes, so it goes whole.</para>
/// </remarks>
public static class CompressionRule
{
    /// <summary>Whether a weight is sent as singular triplets: of one update, or of several updates side by side.</summary>
    /// <param name="shape">Shape of the weight.</param>
    /// <param name="rank">Number of singular triplets, the proposal's <c>r</c> for one update, at least 1.</param>
    public static bool UsesTriplets(long[] shape, int rank) =>
        MatrixOf(shape, rank) is { } matrix && matrix.TripletValues(rank) < matrix.Values;

    /// <summary>Whether a weight is sent as PowerSGD's two factors.</summary>
    /// <param name="shape">Shape of the weight.</param>
    /// <param name="rank">Size of the shared subspace, the proposal's <c>r</c>, at least 1.</param>
    public static bool UsesSubspace(long[] shape, int rank) =>
        MatrixOf(shape, rank) is { } matrix && matrix.ProductValues(rank) < matrix.Values;

    private static MatrixShape? MatrixOf(long[] shape, int rank)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        return shape.Length < 2 ? null : MatrixShape.Of(shape);
    }
}
