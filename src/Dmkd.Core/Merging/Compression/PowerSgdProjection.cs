using Dmkd.Core.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Compression;

/// <summary>
/// Phase one of PowerSGD (Vogels et al. 2019): nodes send <c>P_n = M_n Q</c>, the coordinator publishes the orthonormalised
/// mean <c>P</c>. <see cref="PowerSgdCompressor"/> is phase two.
/// </summary>
public static class PowerSgdProjection
{
    /// <summary>A node's projections.</summary>
    /// <param name="delta">The update, after <see cref="ErrorFeedback.Add"/>. Borrowed.</param>
    /// <param name="subspace">The round's subspace, see <see cref="PowerSgdSubspace"/>.</param>
    /// <param name="format">How the projections are sent.</param>
    /// <returns>One <see cref="LeftFactorTensor"/> per matrix of the subspace; vectors and other weights go in phase two.</returns>
    /// <exception cref="ArgumentException">A weight is missing or of another shape, or a value is not finite; the message names the tensor.</exception>
    public static CompressedDelta Project(WeightSet delta, CompressedDelta subspace, ValueFormat format)
    {
        ArgumentNullException.ThrowIfNull(delta);
        ArgumentNullException.ThrowIfNull(subspace);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return new CompressedDelta([.. subspace.Tensors.Cast<RightFactorTensor>().Select(factor => Projected(delta, factor, format))]);
    }

    /// <summary>The round's basis: the orthonormalised mean of the projections, summed in the order given.</summary>
    /// <param name="projectionsInNodeOrder">At least one payload of phase one, all of the same names, ordered by node; see <see cref="PowerSgdCheck"/>.</param>
    /// <param name="weights">The nodes' weights in the merge, finite and not negative, not all zero; null weighs all alike.</param>
    /// <param name="format">How the basis is sent: everyone computes with the rounded values, and phase two comes in this format.</param>
    /// <returns>One <see cref="LeftFactorTensor"/> per matrix; its columns are orthonormal up to the format's rounding, whatever the projections.</returns>
    /// <exception cref="ArgumentException">The payloads do not belong together, or the weights are not as described.</exception>
    public static CompressedDelta Basis(IReadOnlyList<CompressedDelta> projectionsInNodeOrder, IReadOnlyList<double>? weights, ValueFormat format)
    {
        ArgumentNullException.ThrowIfNull(projectionsInNodeOrder);
        weights ??= [.. Enumerable.Repeat(1.0, projectionsInNodeOrder.Count)];
        double total = MergeWeights.RequireValid(projectionsInNodeOrder.Count, weights);
        double[] shares = [.. weights.Select(weight => weight / total)];
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return new CompressedDelta([.. PayloadTable.Rows(projectionsInNodeOrder).Select(row => Orthonormalised(row, shares, format))]);
    }

    private static LeftFactorTensor Projected(WeightSet delta, RightFactorTensor subspace, ValueFormat format)
    {
        if (!delta.TryGetValue(subspace.Name, out var tensor) || !tensor.shape.AsSpan().SequenceEqual(subspace.Shape))
            throw new ArgumentException(
                $"Tensor '{subspace.Name}' of the subspace, shape {WeightSchema.Text(subspace.Shape)}, is not in the delta.", nameof(delta));
        var shape = MatrixShape.Of(tensor.shape);
        var right = ValueCodec.Decode(subspace.Right, subspace.Format, subspace.Rank, shape.Columns);
        var projection = tensor.detach().reshape(shape.Rows, shape.Columns).mm(right.t());
        WeightSchema.RequireFinite(subspace.Name, projection, "the projections"); // so is every value that went into it
        return new LeftFactorTensor(subspace.Name, subspace.Shape, subspace.Rank, ValueCodec.Encode(projection, format)) { Format = format };
    }

    private static LeftFactorTensor Orthonormalised(IReadOnlyList<CompressedTensor> projections, IReadOnlyList<double> shares, ValueFormat format)
    {
        LeftFactorTensor[] factors = [.. projections.OfType<LeftFactorTensor>()];
        var first = factors.FirstOrDefault();
        if (first is null || factors.Length != projections.Count || factors.Any(factor => factor.Rank != first.Rank))
            throw new ArgumentException($"Tensor '{projections[0].Name}' of the projections must be a left factor of one rank.", nameof(projections));
        var shape = MatrixShape.Of(first.Shape);
        var mean = WeightedSum.Of(factors.Select(factor => ValueCodec.Decode(factor.Left, factor.Format, shape.Rows, factor.Rank)), shares);
        return new LeftFactorTensor(first.Name, first.Shape, first.Rank, ValueCodec.Encode(OrthonormalColumns.Of(mean), format)) { Format = format };
    }
}
