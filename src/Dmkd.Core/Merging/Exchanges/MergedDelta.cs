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
