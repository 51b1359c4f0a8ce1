using Dmkd.Core.Modules;

namespace Dmkd.Core.Merging.Rules;

/// <summary>
/// The coordinate-wise trimmed mean (Yin et al. 2018): at every coordinate the <c>k</c> largest and <c>k</c> smallest values are cut
/// and the others averaged, without sample counts. Up to <c>k</c> nodes cannot move it beyond the honest values. Running
/// statistics are trimmed alike.
/// </summary>
/// <remarks>
/// <c>k</c> is the fraction times the number of nodes, rounded up: rounded down, three nodes would be no safer than by the mean. It is
/// lowered until one value is left of an odd number of nodes, two of an even one (then it is the median); so one or two nodes are
/// plainly averaged.
/// </remarks>
[Named("trimmed", "the mean of each weight without a fraction of its largest and smallest values", Order = 4, Example = "trimmed-0.3")]
public sealed class TrimmedMeanRule : IMergeRule
{
    /// <summary>The default fraction.</summary>
    public const double DefaultFraction = 0.2;

    // 0.07 * 100 is 7.000000000000001: a product this close above a whole number is that number.
    private const double RoundingSlack = 1e-9;

    private readonly double _fraction;

    /// <summary>Configures the rule.</summary>
    /// <param name="fraction">Nodes to cut at each end, in [0, 0.5).</param>
    /// <exception cref="ArgumentOutOfRangeException">The fraction is out of its range.</exception>
    public TrimmedMeanRule(double fraction = DefaultFraction)
    {
        if (!(fraction is >= 0 and < 0.5))
            throw new ArgumentOutOfRangeException(nameof(fraction), fraction, $"The trimmed fraction must be in [0, 0.5); it is {fraction}.");
        _fraction = fraction;
    }

    /// <inheritdoc/>
    public string Name => _fraction == DefaultFraction ? "trimmed" : $"trimmed-{_fraction}";

    /// <summary>The values cut at each end, <c>k</c>.</summary>
    /// <param name="nodes">Number of updates.</param>
    public int CutOf(int nodes) => Math.Min((int)Math.Ceiling(_fraction * nodes - RoundingSlack), TrimmedMean.MedianCut(nodes));

    /// <inheritdoc/>
    public MergedUpdate Merge(IReadOnlyList<WeightSet> deltasInNodeOrder, IReadOnlyList<double> sampleCounts)
    {
        MergeInputs.Require(deltasInNodeOrder, sampleCounts);
        return TrimmedMean.Of(deltasInNodeOrder, CutOf(deltasInNodeOrder.Count));
    }
}
