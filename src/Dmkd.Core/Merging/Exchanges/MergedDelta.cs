using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Exchanges;

/// <summary>
/// The mean of the nodes' updates as it goes down to nodes that hold the base (proposal 3.4). Coordinator and nodes
/// apply the same bytes by <see cref="DeltaApplier"/>, and that defines the new version: nothing that rounding does
/// here sets them apart.
/// </summary>
public static class MergedDelta
{
    /// <summary>
    /// Adds up <c>Σ w_i ΔW_i</c>. PowerSGD updates of one basis stay <c>P (Σ w_i Q_i)ᵀ</c>; singular triplets of
    /// several nodes stand side by side while <see cref="CompressionRule"/> says that this is smaller; all else is
    /// added up whole. A tensor is fp16 when it came as fp16 from every node.
    /// </summary>
    /// <param name="deltasInNodeOrder">At least one update, all of the same names and shapes and without problems,
    /// ordered by node.</param>
    /// <param name="weights">One weight per update, finite and not negative, not all zero, normalised: the sum is 1, or
    /// less when updates were clipped.</param>
    /// <returns>The mean, smaller than the weights; null when it is not, as for whole fp32 updates: then send the
    /// merged weights.</returns>
    /// <exception cref="ArgumentException">The updates do not belong together or have a problem, or the weights are not
    /// as described.</exception>
    public static CompressedDelta? Mean(IReadOnlyList<CompressedDelta> deltasInNodeOrder, IReadOnlyList<double> weights)
    {
        ArgumentNullException.ThrowIfNull(deltasInNodeOrder);
        ArgumentNullException.ThrowIfNull(weights);
        MergeWeights.RequireNormalised(deltasInNodeOrder.Count, weights);
        return Mean(deltasInNodeOrder, _ => weights);
    }

    /// <summary>
    /// The same with weights that depend on the tensor, as rules have that weigh batch norm's statistics otherwise.
    /// </summary>
    /// <param name="deltasInNodeOrder">As above.</param>
    /// <param name="weightsOf">The weights of a tensor by its name, as above.</param>
    /// <returns>As above.</returns>
    /// <exception cref="ArgumentException">As above.</exception>
    public static CompressedDelta? Mean(
        IReadOnlyList<CompressedDelta> deltasInNodeOrder,
        Func<string, IReadOnlyList<double>> weightsOf
    )
    {
        ArgumentNullException.ThrowIfNull(deltasInNodeOrder);
        ArgumentNullException.ThrowIfNull(weightsOf);
        foreach (var tensor in deltasInNodeOrder.SelectMany(delta => delta.Tensors))
            if (TensorCheck.FindUpdateProblem(tensor) is { } problem)
                throw new ArgumentException(problem, nameof(deltasInNodeOrder));
        if (deltasInNodeOrder.All(IsWholeInFp32))
            return null;
        var mean = new CompressedDelta([
            .. PayloadTable.Rows(deltasInNodeOrder).Select(row => Mean(row, weightsOf(row[0].Name))),
        ]);
        return mean.ValueBytes < WholeBytes(mean) ? mean : null;
    }

    private static CompressedTensor Mean(IReadOnlyList<CompressedTensor> row, IReadOnlyList<double> weights)
    {
        MergeWeights.RequireNormalised(row.Count, weights);
        int[] counted = [.. Enumerable.Range(0, weights.Count).Where(i => weights[i] > 0)];
        return MergedTensor.Mean([.. counted.Select(i => row[i])], [.. counted.Select(i => weights[i])]);
    }

    private static bool IsWholeInFp32(CompressedDelta delta) =>
        delta.Tensors.All(tensor => tensor is DenseTensor { Format: ValueFormat.Fp32 });

    private static long WholeBytes(CompressedDelta delta) =>
        delta.Tensors.Sum(tensor =>
            tensor.Shape.Aggregate((long)sizeof(float), (bytes, dimension) => bytes * dimension)
        );
}

/// <summary>
/// The weighted mean of one tensor over nodes, in the smallest form that is exact up to one rounding per value.
/// </summary>
internal static class MergedTensor
{
    /// <summary>Adds up <c>Σ w_i ΔW_i</c>.</summary>
    /// <param name="tensors">At least one tensor of one name and shape, without problems, in node order.</param>
    /// <param name="weights">One weight per tensor, positive, with a sum of at most 1.</param>
    /// <returns>In fp16 when all tensors are, else in fp32.</returns>
    public static CompressedTensor Mean(IReadOnlyList<CompressedTensor> tensors, IReadOnlyList<double> weights)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var format = tensors.All(tensor => tensor.Format == ValueFormat.Fp16) ? ValueFormat.Fp16 : ValueFormat.Fp32;
        if (OnSharedBasis([.. tensors.OfType<ProductTensor>()], tensors.Count, weights) is { } product)
            return product;
        if (SideBySide([.. tensors.OfType<LowRankTensor>()], tensors.Count, weights, format) is { } triplets)
            return triplets;
        return Whole(tensors, weights, format);
    }

    /// <summary>PowerSGD: <c>P (Σ w_i Q_i)ᵀ</c>, of the rank of one update.</summary>
    private static ProductTensor? OnSharedBasis(ProductTensor[] products, int count, IReadOnlyList<double> weights)
    {
        if (products.Length < count || products.Any(product => !HasBasisOf(products[0], product)))
            return null;
        var first = products[0];
        long columns = MatrixShape.Of(first.Shape).Columns;
        var right = WeightedSum.Of(
            products.Select(product => ValueCodec.Decode(product.Right, product.Format, product.Rank, columns)),
            weights
        );
        return first with { Right = ValueCodec.Encode(right, first.Format) };
    }

    private static bool HasBasisOf(ProductTensor one, ProductTensor other) =>
        one.Rank == other.Rank && one.Format == other.Format && one.Left.Span.SequenceEqual(other.Left.Span);

    /// <summary>
    /// Triplets: <c>[U_1 U_2 ...] [w_1 Σ_1, w_2 Σ_2, ...] [V_1 V_2 ...]ᵀ</c>, while that is smaller than the whole.
    /// </summary>
    private static LowRankTensor? SideBySide(
        LowRankTensor[] parts,
        int count,
        IReadOnlyList<double> weights,
        ValueFormat format
    )
    {
        if (parts.Length < count || !CompressionRule.UsesTriplets(parts[0].Shape, parts.Sum(part => part.Rank)))
            return null;
        var shape = MatrixShape.Of(parts[0].Shape);
        var left = cat([.. parts.Select(part => ValueCodec.Decode(part.Left, part.Format, shape.Rows, part.Rank))], 1);
        var singular = cat([.. parts.Zip(weights, Weighted)], 0);
        var right = cat(
            [.. parts.Select(part => ValueCodec.Decode(part.Right, part.Format, part.Rank, shape.Columns))],
            0
        );
        var merged = new LowRankTensor(
            parts[0].Name,
            parts[0].Shape,
            parts.Sum(part => part.Rank),
            ValueCodec.Encode(left, format),
            ValueCodec.Encode(singular, format),
            ValueCodec.Encode(right, format)
        )
        {
            Format = format,
        };
        // strange factors of several nodes can bound badly together
        return TensorCheck.FindProblem(merged) is null ? merged : null;
    }

    private static Tensor Weighted(LowRankTensor part, double weight) =>
        ValueCodec.Decode(part.Singular, part.Format, part.Rank).to(ScalarType.Float64).mul(weight);

    private static DenseTensor Whole(
        IReadOnlyList<CompressedTensor> tensors,
        IReadOnlyList<double> weights,
        ValueFormat format
    )
    {
        var mean = WeightedSum.Of(tensors.Select(DeltaDecompressor.Precise), weights);
        return new DenseTensor(tensors[0].Name, tensors[0].Shape, ValueCodec.Encode(mean, format)) { Format = format };
    }
}
