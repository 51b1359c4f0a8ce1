namespace Dmkd.Core.Merging.Rules;

/// <summary>
/// The mean weighted by sample counts, after every update longer than <c>c</c> times the median norm was scaled down to
/// that length (norm clipping, Sun et al. 2019; at the median, Andrew et al. 2021). A node moves the module by at most
/// its share of the samples times that length, whatever it sends, and up to half of the nodes cannot raise that length
/// above the others' longest. Unlike the coordinate-wise rules it lets nodes with much data count for more.
/// </summary>
/// <remarks>
/// <para>The median is the lower one: of two updates the shorter sets the length.</para>
/// <para>Running statistics are clipped apart, by their own norm and its median: their scale is the activations', and a
/// node with honest weights could otherwise send any statistics.</para>
/// </remarks>
[Named(
    "clipped",
    "the weighted mean of updates scaled down to a number of median norms",
    Order = 3,
    Example = "clipped-2",
    Parameter = "a number above 0"
)]
public sealed class ClippedMeanRule : LinearMergeRule
{
    /// <summary>
    /// The default <c>c</c>: nothing counts for more than the median update does. It shortens the longer half of honest
    /// updates, too.
    /// </summary>
    public const double DefaultFactor = 1;

    private readonly double _factor;

    /// <summary>Configures the rule.</summary>
    /// <param name="factor">Longest update allowed, in median norms: <c>c</c>, positive.</param>
    /// <exception cref="ArgumentOutOfRangeException">The factor is not positive and finite.</exception>
    public ClippedMeanRule(double factor = DefaultFactor)
    {
        if (!(factor > 0 && double.IsFinite(factor)))
            throw new ArgumentOutOfRangeException(
                nameof(factor),
                factor,
                $"The clipping factor must be positive and finite; it is {factor}."
            );
        _factor = factor;
    }

    /// <inheritdoc/>
    public override string Name => _factor == DefaultFactor ? "clipped" : $"clipped-{_factor}";

    /// <inheritdoc/>
    protected override LinearWeights WeighChecked(UpdateGeometry geometry, IReadOnlyList<double> sampleCounts) =>
        new(
            Clip([.. geometry.Norms.Select(norm => norm.Trained)], sampleCounts, _factor),
            Clip([.. geometry.Norms.Select(norm => norm.Statistics)], sampleCounts, _factor),
            sampleCounts.Sum()
        ); // of the full counts: what is clipped off is not given to the others

    /// <summary>Scales weights down so that no update is longer than a number of median norms.</summary>
    /// <param name="norms">One per update.</param>
    /// <param name="weights">One per update.</param>
    /// <param name="factor">The longest update allowed, in lower median norms.</param>
    /// <exception cref="ArgumentException">A norm is not finite.</exception>
    internal static double[] Clip(double[] norms, IReadOnlyList<double> weights, double factor)
    {
        int wrong = Array.FindIndex(norms, norm => !(norm >= 0 && double.IsFinite(norm)));
        if (wrong >= 0)
            throw new ArgumentException(
                $"The norm of delta {wrong} must be finite; it is {norms[wrong]}.",
                nameof(norms)
            );
        double limit = factor * LowerMedian.Of(norms);
        return [.. norms.Select((norm, i) => norm <= limit ? weights[i] : weights[i] * (limit / norm))];
    }
}

/// <summary>
/// The proposal's rule, <c>(1/|N_k|) Σ_n ΔW_k,n</c> (3.4.2). One node can send it anywhere. Running statistics are
/// averaged alike.
/// </summary>
[Named("mean", "the plain mean: the proposal's", Order = 1)]
public sealed class MeanRule : LinearMergeRule
{
    /// <inheritdoc/>
    public override string Name => "mean";

    /// <inheritdoc/>
    protected override LinearWeights WeighChecked(UpdateGeometry geometry, IReadOnlyList<double> sampleCounts)
    {
        double[] ones = [.. Enumerable.Repeat(1.0, geometry.Count)];
        return new LinearWeights(ones, ones, ones.Length);
    }
}

/// <summary>
/// The mean weighted by sample counts (McMahan et al. 2017, FedAvg). One node can send it anywhere. Running statistics
/// are averaged alike: that is the right weight of a mean over samples.
/// </summary>
[Named("weighted", "the mean weighted by the nodes' sample counts", Order = 2)]
public sealed class WeightedMeanRule : LinearMergeRule
{
    /// <inheritdoc/>
    public override string Name => "weighted";

    /// <inheritdoc/>
    protected override LinearWeights WeighChecked(UpdateGeometry geometry, IReadOnlyList<double> sampleCounts) =>
        new(sampleCounts, sampleCounts, sampleCounts.Sum());
}
