using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Rules;

/// <summary>
/// A rule whose merged update is a weighted sum of the updates. The weights follow from lengths, distances and sample
/// counts, so factors of compressed updates can be summed without decompressing them.
/// </summary>
public abstract class LinearMergeRule : IMergeRule
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <summary>Weighs updates.</summary>
    /// <param name="geometry">How long they are and how far apart.</param>
    /// <param name="sampleCounts">Number of training samples behind each update, finite and not negative, not all
    /// zero.</param>
    /// <exception cref="ArgumentException">No update, counts that are not as described, or a norm that is not
    /// finite.</exception>
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
        var update = deltasInNodeOrder[0]
            .Map(
                (name, _) =>
                    WeightedSum.Of(
                        [.. deltasInNodeOrder.Select(delta => delta[name])],
                        weights.For(name),
                        weights.Divisor
                    )
            );
        return new MergedUpdate(update, MergedUpdate.Normalise(weights.Trained));
    }

    /// <summary>Weighs updates; the arguments are as <see cref="Weigh"/> wants them.</summary>
    protected abstract LinearWeights WeighChecked(UpdateGeometry geometry, IReadOnlyList<double> sampleCounts);
}

/// <summary>
/// Weights of a linear rule: the merged update is <c>(Σ_n w_n ΔW_n) / divisor</c>. Kept as a fraction, because dividing
/// once at the end rounds less than dividing every weight, and leaves the mean of equal updates exact.
/// </summary>
/// <param name="Trained">The <c>w_n</c> of the tensors that are trained, in the updates' order.</param>
/// <param name="Statistics">The <c>w_n</c> of batch norm's running statistics, in the updates' order.</param>
/// <param name="Divisor">Positive.</param>
public sealed record LinearWeights(IReadOnlyList<double> Trained, IReadOnlyList<double> Statistics, double Divisor)
{
    /// <summary>The <c>w_n</c> of a tensor.</summary>
    /// <param name="name">Name of the weight, such as <c>conv1.weight</c>.</param>
    public IReadOnlyList<double> For(string name) => RunningStatistics.Contains(name) ? Statistics : Trained;
}

/// <summary>The arithmetic of linear rules.</summary>
internal static class WeightedSum
{
    /// <summary><c>(Σ_n w_n ΔW_n) / divisor</c> in float64, summed in the order given.</summary>
    /// <param name="tensors">One tensor of every update, all of one shape. Borrowed.</param>
    /// <param name="weights">One per tensor.</param>
    /// <param name="divisor">Positive.</param>
    /// <returns>Float64, owned by the caller.</returns>
    public static Tensor Of(IReadOnlyList<Tensor> tensors, IReadOnlyList<double> weights, double divisor) =>
        PiecewiseReduction.Run(
            tensors,
            (rows, sum) =>
            {
                for (int i = 0; i < rows.Length; i++)
                {
                    if (weights[i] == 0)
                        continue; // left out: zero times a value that is not finite would not be zero
                    // Two roundings everywhere, never a fused one; times 1 is exact and need not be computed.
                    sum.add_(weights[i] == 1 ? rows[i] : rows[i].to(ScalarType.Float64).mul_(weights[i]));
                }

                sum.div_(divisor);
            }
        );
}
