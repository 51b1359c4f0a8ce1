using Dmkd.Core.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Compression;

/// <summary>
/// The subspace <c>Q</c> that the nodes of a PowerSGD round share (Vogels et al. 2019), as right factors <c>Qᵀ</c> with
/// orthonormal rows. Nodes need equal subspaces only up to rounding: what binds them is the basis that the coordinator publishes.
/// </summary>
public static class PowerSgdSubspace
{
    /// <summary>The subspace of the first round: standard normal, orthonormalised.</summary>
    /// <param name="weights">The module's weights or an update of them. Borrowed: only names and shapes count, in any order.</param>
    /// <param name="rank">Size of the subspace, the proposal's <c>r</c>, at least 1.</param>
    /// <param name="seed">The round's common seed.</param>
    /// <returns>One <see cref="RightFactorTensor"/> per weight that <see cref="CompressionRule.UsesSubspace"/>, ordered by name.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The rank is below 1.</exception>
    public static CompressedDelta First(WeightSet weights, int rank, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        using var generator = new Generator(seed);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        List<CompressedTensor> tensors = [];
        foreach (var (name, tensor) in weights.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            if (CompressionRule.UsesSubspace(tensor.shape, rank))
                tensors.Add(Factor(name, tensor.shape, rank, randn([MatrixShape.Of(tensor.shape).Columns, rank], generator: generator)));
        return new CompressedDelta(tensors);
    }

    /// <summary>
    /// The subspace of the next round, warm-started: the merged update's right factors. They are orthonormalised, which spans
    /// the same space and keeps the projections at the size of the updates, as fp16 needs.
    /// </summary>
    /// <param name="merged">A merged update; its <see cref="ProductTensor"/>s count.</param>
    /// <returns>One <see cref="RightFactorTensor"/> per product.</returns>
    public static CompressedDelta Next(CompressedDelta merged)
    {
        ArgumentNullException.ThrowIfNull(merged);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return new CompressedDelta([.. merged.Tensors.OfType<ProductTensor>().Select(Restarted)]);
    }

    private static RightFactorTensor Restarted(ProductTensor merged)
    {
        var right = ValueCodec.Decode(merged.Right, merged.Format, merged.Rank, MatrixShape.Of(merged.Shape).Columns);
        return Factor(merged.Name, merged.Shape, merged.Rank, right.t());
    }

    private static RightFactorTensor Factor(string name, long[] shape, int rank, Tensor columns) =>
        new(name, shape, rank, ValueCodec.Encode(OrthonormalColumns.Of(columns).t(), ValueFormat.Fp32));
}
