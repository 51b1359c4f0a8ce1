using Dmkd.Core.Modules;

namespace Dmkd.Core.Merging.Rules;

/// <summary>
/// A rule whose merged update is a weighted sum of the updates. The weights follow from lengths, distances and sample counts, so factors of
/// compressed updates can be summed without decompressing them.
/// </summary>
public abstract class LinearMergeRule : IMergeRule
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <summary>Weighs updates.</summary>
    /// <param name="geometry">How long they are and how far apart.</param>
    /// <param name="sampleCounts">Number of training samples behind each update, finite and not negative, not all zero.</param>
    /// <exception cref="ArgumentException">No update, counts that are not as described, or a norm that is not finite.</exception>
    public LinearWeights Weigh(UpdateGeometry geometry, IReadOnlyList<double> sampleCounts)
    {
        ArgumentNullException.ThrowIfNull(geometry);
        MergeInputs.RequireCounts(geometry.Count, sampleCounts);
        return WeighChecked(geometry, sampleCounts);
    }

    /// <inheritdoc/>
    public MergedUpdate Merge(IReadOnlyList<WeightSet> deltasInNodeOrder, IReadOnlyList<double> sampleCounts)
    {
        MergeInputs.Require(deltasInNodeOrder, sampleCounts);
        var weights = WeighChecked(new UpdateGeometry(deltasInNodeOrder), sampleCounts);
        var update = deltasInNodeOrder[0].Map((name, _) =>
            WeightedSum.Of([.. deltasInNodeOrder.Select(delta => delta[name])], weights.For(name), weights.Divisor));
        return new MergedUpdate(update, MergedUpdate.Normalise(weights.Trained));
    }

    /// <summary>Weighs updates; the arguments are as <see cref="Weigh"/> wants them.</summary>
    protected abstract LinearWeights WeighChecked(UpdateGeometry geometry, IReadOnlyList<double> sampleCounts);
}
