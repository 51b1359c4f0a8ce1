using Dmkd.Core.Merging;
using Dmkd.Core.Modules;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Methods.Decentralized;

/// <summary>Means of whole states, in float64 with one rounding at the end.</summary>
internal static class WeightMeans
{
    /// <summary>The plain mean, <c>(1/n) Σ W_n</c>, running statistics included.</summary>
    /// <param name="sets">At least one, of equal names and shapes. Borrowed.</param>
    /// <returns>In the first set's order, owned by the caller.</returns>
    public static WeightSet Mean(IReadOnlyList<WeightSet> sets) => sets[0].Map((name, _) =>
        (sets.Select(set => set[name].to(ScalarType.Float64)).Aggregate((sum, next) => sum + next) / sets.Count).to(ScalarType.Float32));

    /// <summary>The running statistics of all images together: weighted means, and variances by the law of total variance.</summary>
    /// <param name="sets">What each node measured: running means and variances. Borrowed.</param>
    /// <param name="counts">Images behind each, at least one in all.</param>
    /// <returns>In the first set's order, owned by the caller.</returns>
    public static WeightSet Pool(IReadOnlyList<WeightSet> sets, IReadOnlyList<long> counts)
    {
        double total = counts.Sum();
        return sets[0].Map((name, _) =>
        {
            if (!RunningStatistics.IsVariance(name)) return Weighted(set => set[name].to(ScalarType.Float64)).to(ScalarType.Float32);
            string mean = RunningStatistics.MeanOf(name);
            var square = Weighted(set => set[name].to(ScalarType.Float64) + set[mean].to(ScalarType.Float64).square());
            return (square - Weighted(set => set[mean].to(ScalarType.Float64)).square()).clamp_min(0).to(ScalarType.Float32);
        });

        Tensor Weighted(Func<WeightSet, Tensor> value) =>
            sets.Select((set, i) => value(set) * (counts[i] / total)).Aggregate((sum, next) => sum + next);
    }
}
