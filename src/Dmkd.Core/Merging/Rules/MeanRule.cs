namespace Dmkd.Core.Merging.Rules;

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
