namespace Dmkd.Core.Merging.Rules;

/// <summary>
/// The mean weighted by sample counts (McMahan et al. 2017, FedAvg). One node can send it anywhere. Running statistics are averaged
/// alike: that is the right weight of a mean over samples.
/// </summary>
public sealed class WeightedMeanRule : LinearMergeRule
{
    /// <inheritdoc/>
    public override string Name => "weighted";

    /// <inheritdoc/>
    protected override LinearWeights WeighChecked(UpdateGeometry geometry, IReadOnlyList<double> sampleCounts) =>
        new(sampleCounts, sampleCounts, sampleCounts.Sum());
}
