using Dmkd.Core.Merging.Rules;
using Dmkd.Core.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging;

/// <summary>
/// Applies a round's merged update, <c>W_k = W_k,base + ΔW_k</c> (proposal 3.4), in float64 with one rounding at the end.
/// An <see cref="IMergeRule"/> makes that update; the two means of <see cref="Merge"/> and <see cref="MergeWeighted"/> are short cuts.
/// </summary>
public static class ModuleAverager
{
    /// <summary>Adds the mean update, <c>(1/|N_k|) Σ_n ΔW_k,n</c>: the proposal's rule.</summary>
    /// <param name="baseWeights">Weights every update started from. Borrowed.</param>
    /// <param name="deltasInNodeOrder">At least one update of the base's names and shapes, ordered by node. Borrowed.</param>
    /// <returns>The merged weights, in the base's order, owned by the caller.</returns>
    /// <exception cref="ArgumentException">No update, other names or shapes, or a result that is not finite; the message names the tensor.</exception>
    public static WeightSet Merge(WeightSet baseWeights, IReadOnlyList<WeightSet> deltasInNodeOrder)
    {
        ArgumentNullException.ThrowIfNull(deltasInNodeOrder);
        return MergeBy(baseWeights, deltasInNodeOrder, new MeanRule(), [.. Enumerable.Repeat(1.0, deltasInNodeOrder.Count)]);
    }

    /// <summary>Adds a weighted mean, for nodes with unequal amounts of data.</summary>
    /// <param name="baseWeights">Weights every update started from. Borrowed.</param>
    /// <param name="deltasInNodeOrder">At least one update of the base's names and shapes, ordered by node. Borrowed.</param>
    /// <param name="weights">One weight per update, finite and not negative, not all zero; divided by their sum here.</param>
    /// <returns>The merged weights, in the base's order, owned by the caller.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Merge"/>, or the weights are not as described.</exception>
    public static WeightSet MergeWeighted(WeightSet baseWeights, IReadOnlyList<WeightSet> deltasInNodeOrder, IReadOnlyList<double> weights) =>
        MergeBy(baseWeights, deltasInNodeOrder, new WeightedMeanRule(), weights);

    /// <summary>Adds an update. Running variances are kept positive, since batch norm takes their square root.</summary>
    /// <param name="baseWeights">Weights the update is for. Borrowed.</param>
    /// <param name="update">Of the base's names and shapes, float64 or float32. Borrowed.</param>
    /// <returns>The new weights, float32, in the base's order, owned by the caller.</returns>
    /// <exception cref="ArgumentException">Other names or shapes, or a result that is not finite; the message names the tensor.</exception>
    public static WeightSet Apply(WeightSet baseWeights, WeightSet update)
    {
        ArgumentNullException.ThrowIfNull(baseWeights);
        ArgumentNullException.ThrowIfNull(update);
        WeightSchema.RequireSame(baseWeights, update, nameof(update));
        return baseWeights.Map((name, start) => Add(name, start, update[name]));
    }

    private static WeightSet MergeBy(WeightSet baseWeights, IReadOnlyList<WeightSet> deltas, IMergeRule rule, IReadOnlyList<double> weights)
    {
        ArgumentNullException.ThrowIfNull(baseWeights);
        ArgumentNullException.ThrowIfNull(deltas);
        for (int i = 0; i < deltas.Count; i++) WeightSchema.RequireSame(baseWeights, deltas[i], $"delta {i}");
        using var merged = rule.Merge(deltas, weights);
        return Apply(baseWeights, merged.Update);
    }

    private static Tensor Add(string name, Tensor start, Tensor update)
    {
        using var scope = NewDisposeScope();
        return MergedWeight.Round(name, start.to(ScalarType.Float64, copy: true).add_(update)).MoveToOuterDisposeScope();
    }
}
