namespace Dmkd.Core.Merging.Rules;

/// <summary>
/// The mean weighted by sample counts (McMahan et al. 2017, FedAvg). One node can send it anywhere. Running statistics are averaged
/// alike: that is the right weight of a mean over samples.
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
