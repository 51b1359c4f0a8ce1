using Dmkd.Core.Modules;

namespace Dmkd.Core.Merging.Rules;

/// <summary>
/// The coordinate-wise median (Yin et al. 2018), without sample counts; of an even number of values the mean of the two in the middle.
/// Fewer than half of the nodes cannot move it beyond the honest values. Running statistics take their median alike.
/// </summary>
[Named("median", "the median of each weight", Order = 5)]
public sealed class MedianRule : IMergeRule
{
    /// <inheritdoc/>
    public string Name => "median";

    /// <inheritdoc/>
    public MergedUpdate Merge(IReadOnlyList<WeightSet> deltasInNodeOrder, IReadOnlyList<double> sampleCounts)
    {
        MergeInputs.Require(deltasInNodeOrder, sampleCounts);
        return TrimmedMean.Of(deltasInNodeOrder, TrimmedMean.MedianCut(deltasInNodeOrder.Count));
    }
}
