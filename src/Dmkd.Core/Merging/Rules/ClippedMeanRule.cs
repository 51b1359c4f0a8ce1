namespace Dmkd.Core.Merging.Rules;

/// <summary>
/// The mean weighted by sample counts, after every update longer than <c>c</c> times the median norm was scaled down to that length
/// (norm clipping, Sun et al. 2019; at the median, Andrew et al. 2021). A node moves the module by at most its share of the samples
/// times that length, whatever it sends, and up to half of the nodes cannot raise that length above the others' longest. Unlike
/// the coordinate-wise rules it lets nodes with much data count for more.
/// </summary>
/// <remarks>
/// <para>The median is the lower one: of two updates the shorter sets the length.</para>
/// <para>Running statistics are clipped apart, by their own norm and its median: their scale is the activations', and a node with
/// honest weights could otherwise send any statistics.</para>
/// </remarks>
public sealed class ClippedMeanRule : LinearMergeRule
{
    /// <summary>The default <c>c</c>: nothing counts for more than the median update does. It shortens the longer half of honest updates, too.</summary>
    public const double DefaultFactor = 1;

    private readonly double _factor;

    /// <summary>Configures the rule.</summary>
    /// <param name="factor">Longest update allowed, in median norms: <c>c</c>, positive.</param>
    /// <exception cref="ArgumentOutOfRangeException">The factor is not positive and finite.</exception>
    public ClippedMeanRule(double factor = DefaultFactor)
    {
        if (!(factor > 0 && double.IsFinite(factor)))
            throw new ArgumentOutOfRangeException(nameof(factor), factor, $"The clipping factor must be positive and finite; it is {factor}.");
        _factor = factor;
    }

    /// <inheritdoc/>
    public override string Name => _factor == DefaultFactor ? "clipped" : $"clipped-{_factor}";

    /// <inheritdoc/>
    public override bool UsesNorms => true;

    /// <inheritdoc/>
    protected override LinearWeights WeighChecked(IReadOnlyList<UpdateNorms> norms, IReadOnlyList<double> sampleCounts) => new(
        Clip([.. norms.Select(norm => norm.Trained)], sampleCounts),
        Clip([.. norms.Select(norm => norm.Statistics)], sampleCounts),
        sampleCounts.Sum()); // of the full counts: what is clipped off is not given to the others

    private double[] Clip(double[] norms, IReadOnlyList<double> sampleCounts)
    {
        int wrong = Array.FindIndex(norms, norm => !(norm >= 0 && double.IsFinite(norm)));
        if (wrong >= 0) throw new ArgumentException($"The norm of delta {wrong} must be finite; it is {norms[wrong]}.", nameof(norms));
        double limit = _factor * LowerMedian.Of(norms);
        return [.. norms.Select((norm, i) => norm <= limit ? sampleCounts[i] : sampleCounts[i] * (limit / norm))];
    }
}
