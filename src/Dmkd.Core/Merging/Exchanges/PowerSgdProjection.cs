using Dmkd.Core.Merging.Rules;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Exchanges;

/// <summary>
/// The subspace <c>Q</c> that the nodes of a PowerSGD round share (Vogels et al. 2019), as right factors <c>Qᵀ</c> with
/// orthonormal rows. Nodes need equal subspaces only up to rounding: what binds them is the basis that the coordinator
/// publishes.
/// </summary>
public static class PowerSgdSubspace
{
    /// <summary>The subspace of the first round: standard normal, orthonormalised.</summary>
    /// <param name="weights">The module's weights or an update of them. Borrowed: only names and shapes count, in any
    /// order.</param>
    /// <param name="rank">Size of the subspace, the proposal's <c>r</c>, at least 1.</param>
    /// <param name="seed">The round's common seed.</param>
    /// <returns>One <see cref="RightFactorTensor"/> per weight that <see cref="CompressionRule.UsesSubspace"/>, ordered
    /// by name.</returns>
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
                tensors.Add(
                    Factor(
                        name,
                        tensor.shape,
                        rank,
                        randn([MatrixShape.Of(tensor.shape).Columns, rank], generator: generator)
                    )
                );
        return new CompressedDelta(tensors);
    }

    /// <summary>
    /// The subspace of the next round, warm-started: the merged update's right factors. They are orthonormalised, which
    /// spans the same space and keeps the projections at the size of the updates, as fp16 needs.
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

/// <summary>
/// Phase one of PowerSGD (Vogels et al. 2019): nodes send <c>P_n = M_n Q</c>, the coordinator publishes the
/// orthonormalised mean <c>P</c>. <see cref="PowerSgdExchange.Pack"/> is phase two.
/// </summary>
public static class PowerSgdProjection
{
    /// <summary>A node's projections.</summary>
    /// <param name="delta">The update, after <see cref="ErrorFeedback.Add"/>. Borrowed.</param>
    /// <param name="subspace">The round's subspace, see <see cref="PowerSgdSubspace"/>.</param>
    /// <param name="format">How the projections are sent.</param>
    /// <returns>One <see cref="LeftFactorTensor"/> per matrix of the subspace; vectors and other weights go in phase
    /// two.</returns>
    /// <exception cref="ArgumentException">A weight is missing or of another shape, or a value is not finite; the
    /// message names the tensor.</exception>
    public static CompressedDelta Project(WeightSet delta, CompressedDelta subspace, ValueFormat format)
    {
        ArgumentNullException.ThrowIfNull(delta);
        ArgumentNullException.ThrowIfNull(subspace);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return new CompressedDelta([
            .. subspace.Tensors.Cast<RightFactorTensor>().Select(factor => Projected(delta, factor, format)),
        ]);
    }

    /// <summary>The round's basis: the orthonormalised mean of the projections, summed in the order given.</summary>
    /// <param name="projectionsInNodeOrder">At least one payload of phase one, all of the same names, ordered by node;
    /// see <see cref="PowerSgdExchange.CheckProposal"/>.</param>
    /// <param name="weights">The nodes' weights in the merge, finite and not negative, not all zero; null weighs all
    /// alike.</param>
    /// <param name="format">How the basis is sent: everyone computes with the rounded values, and phase two comes in
    /// this format.</param>
    /// <returns>One <see cref="LeftFactorTensor"/> per matrix; its columns are orthonormal up to the format's rounding,
    /// whatever the projections.</returns>
    /// <exception cref="ArgumentException">The payloads do not belong together, or the weights are not as
    /// described.</exception>
    public static CompressedDelta Basis(
        IReadOnlyList<CompressedDelta> projectionsInNodeOrder,
        IReadOnlyList<double>? weights,
        ValueFormat format
    )
    {
        ArgumentNullException.ThrowIfNull(projectionsInNodeOrder);
        weights ??= [.. Enumerable.Repeat(1.0, projectionsInNodeOrder.Count)];
        double total = MergeWeights.RequireValid(projectionsInNodeOrder.Count, weights);
        double[] shares = [.. weights.Select(weight => weight / total)];
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return new CompressedDelta([
            .. PayloadTable.Rows(projectionsInNodeOrder).Select(row => Orthonormalised(row, shares, format)),
        ]);
    }

    /// <summary>
    /// Weights that leave no node's projections longer than the median's, so that none can turn the basis its way.
    /// </summary>
    /// <param name="projectionsInNodeOrder">At least one payload of phase one; see
    /// <see cref="PowerSgdExchange.CheckProposal"/>.</param>
    /// <returns>One weight per payload, in (0, 1].</returns>
    public static IReadOnlyList<double> ClippedWeights(IReadOnlyList<CompressedDelta> projectionsInNodeOrder)
    {
        ArgumentNullException.ThrowIfNull(projectionsInNodeOrder);
        double[] norms = [.. projectionsInNodeOrder.Select(Norm)];
        double median = LowerMedian.Of(norms);
        return [.. norms.Select(norm => norm <= median ? 1 : Math.Max(median / norm, double.Epsilon))];
    }

    private static double Norm(CompressedDelta projections)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        double sum = 0;
        foreach (var factor in projections.Tensors.OfType<LeftFactorTensor>())
        {
            var values = ValueCodec
                .Decode(factor.Left, factor.Format, MatrixShape.Of(factor.Shape).Rows, factor.Rank)
                .to(ScalarType.Float64);
            sum += values.square().sum().item<double>();
        }

        return Math.Sqrt(sum);
    }

    private static LeftFactorTensor Projected(WeightSet delta, RightFactorTensor subspace, ValueFormat format)
    {
        if (!delta.TryGetValue(subspace.Name, out var tensor) || !tensor.shape.AsSpan().SequenceEqual(subspace.Shape))
            throw new ArgumentException(
                $"Tensor '{subspace.Name}' of the subspace, shape {WeightSchema.Text(subspace.Shape)}, is not in the delta.",
                nameof(delta)
            );
        var shape = MatrixShape.Of(tensor.shape);
        var right = ValueCodec.Decode(subspace.Right, subspace.Format, subspace.Rank, shape.Columns);
        var projection = tensor.detach().reshape(shape.Rows, shape.Columns).mm(right.t());
        WeightSchema.RequireFinite(subspace.Name, projection, "the projections"); // so is every value that went into it
        return new LeftFactorTensor(subspace.Name, subspace.Shape, subspace.Rank, ValueCodec.Encode(projection, format))
        {
            Format = format,
        };
    }

    private static LeftFactorTensor Orthonormalised(
        IReadOnlyList<CompressedTensor> projections,
        IReadOnlyList<double> shares,
        ValueFormat format
    )
    {
        LeftFactorTensor[] factors = [.. projections.OfType<LeftFactorTensor>()];
        var first = factors.FirstOrDefault();
        if (first is null || factors.Length != projections.Count || factors.Any(factor => factor.Rank != first.Rank))
            throw new ArgumentException(
                $"Tensor '{projections[0].Name}' of the projections must be a left factor of one rank.",
                nameof(projections)
            );
        var shape = MatrixShape.Of(first.Shape);
        var mean = WeightedSum.Of(
            factors.Select(factor => ValueCodec.Decode(factor.Left, factor.Format, shape.Rows, factor.Rank)),
            shares
        );
        return new LeftFactorTensor(
            first.Name,
            first.Shape,
            first.Rank,
            ValueCodec.Encode(OrthonormalColumns.Of(mean), format)
        )
        {
            Format = format,
        };
    }
}
