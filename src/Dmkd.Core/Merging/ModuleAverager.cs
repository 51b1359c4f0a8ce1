using Dmkd.Core.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging;

/// <summary>
/// Merges the updates of one module's holders, <c>W_k = W_k,base + (1/|N_k|) Σ_n ΔW_k,n</c> (proposal 3.4). Sums are float64
/// and run in the order given, so equal inputs in equal order give equal bits on every machine.
/// </summary>
public static class ModuleAverager
{
    private const string VarianceSuffix = ".running_var";

    // Smallest normal float32: batch norm adds its own, far larger epsilon, and a larger floor would change the true
    // variances of silent channels.
    private const double SmallestVariance = 1.17549435e-38;

    /// <summary>Adds the mean update: the proposal's rule.</summary>
    /// <param name="baseWeights">Weights every update started from. Borrowed.</param>
    /// <param name="deltasInNodeOrder">At least one update of the base's names and shapes, ordered by node. Borrowed.</param>
    /// <returns>The merged weights, in the base's order, owned by the caller.</returns>
    /// <exception cref="ArgumentException">No update, other names or shapes, or a result that is not finite; the message names the tensor.</exception>
    public static WeightSet Merge(WeightSet baseWeights, IReadOnlyList<WeightSet> deltasInNodeOrder)
    {
        ArgumentNullException.ThrowIfNull(deltasInNodeOrder);
        return MergeWeighted(baseWeights, deltasInNodeOrder, [.. Enumerable.Repeat(1.0, deltasInNodeOrder.Count)]);
    }

    /// <summary>Adds a weighted mean, for nodes with unequal amounts of data.</summary>
    /// <param name="baseWeights">Weights every update started from. Borrowed.</param>
    /// <param name="deltasInNodeOrder">At least one update of the base's names and shapes, ordered by node. Borrowed.</param>
    /// <param name="weights">One weight per update, finite and not negative, not all zero; divided by their sum here.</param>
    /// <returns>The merged weights, in the base's order, owned by the caller.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Merge"/>, or the weights are not as described.</exception>
    public static WeightSet MergeWeighted(WeightSet baseWeights, IReadOnlyList<WeightSet> deltasInNodeOrder, IReadOnlyList<double> weights)
    {
        ArgumentNullException.ThrowIfNull(baseWeights);
        ArgumentNullException.ThrowIfNull(deltasInNodeOrder);
        ArgumentNullException.ThrowIfNull(weights);
        double total = CheckWeights(deltasInNodeOrder.Count, weights);
        for (int i = 0; i < deltasInNodeOrder.Count; i++) WeightSchema.RequireSame(baseWeights, deltasInNodeOrder[i], $"delta {i}");
        return baseWeights.Map((name, tensor) => MergeTensor(name, tensor, deltasInNodeOrder, weights, total));
    }

    private static double CheckWeights(int deltaCount, IReadOnlyList<double> weights)
    {
        if (deltaCount == 0) throw new ArgumentException("A merge needs at least one update.", nameof(weights));
        if (weights.Count != deltaCount)
            throw new ArgumentException($"{deltaCount} updates need as many weights, not {weights.Count}.", nameof(weights));
        foreach (double weight in weights)
            if (!double.IsFinite(weight) || weight < 0)
                throw new ArgumentException($"A weight must be finite and not negative; one is {weight}.", nameof(weights));
        double total = weights.Sum();
        return total > 0 && double.IsFinite(total) ? total : throw new ArgumentException($"The sum of the weights must be positive and finite; it is {total}.", nameof(weights));
    }

    private static Tensor MergeTensor(string name, Tensor start, IReadOnlyList<WeightSet> deltas, IReadOnlyList<double> weights, double total)
    {
        using var scope = NewDisposeScope();
        var sum = zeros(start.shape, dtype: ScalarType.Float64);
        for (int i = 0; i < deltas.Count; i++)
        {
            var delta = deltas[i][name];
            // Two roundings everywhere, never a fused one; times 1 is exact and need not be computed.
            sum.add_(weights[i] == 1 ? delta : delta.to(ScalarType.Float64).mul_(weights[i]));
        }

        var merged = sum.div_(total).add_(start);
        // Subtracted and averaged variances can end at or below zero by rounding, and lossy or overshooting updates can push
        // them there: the square root in batch norm would then give NaN.
        if (name.EndsWith(VarianceSuffix, StringComparison.Ordinal)) merged.clamp_min_(SmallestVariance);
        var result = merged.to(ScalarType.Float32);
        WeightSchema.RequireFinite(name, result, "the merged weights");
        return result.MoveToOuterDisposeScope();
    }
}
