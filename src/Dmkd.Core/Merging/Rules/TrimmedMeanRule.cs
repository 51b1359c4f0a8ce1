using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Rules;

/// <summary>
/// The coordinate-wise trimmed mean (Yin et al. 2018): at every coordinate the <c>k</c> largest and <c>k</c> smallest
/// values are cut and the others averaged, without sample counts. Up to <c>k</c> nodes cannot move it beyond the honest
/// values. Running statistics are trimmed alike.
/// </summary>
/// <remarks>
/// <c>k</c> is the fraction times the number of nodes, rounded up: rounded down, three nodes would be no safer than by
/// the mean. It is lowered until one value is left of an odd number of nodes, two of an even one (then it is the
/// median); so one or two nodes are plainly averaged.
/// </remarks>
[Named(
    "trimmed",
    "the mean of each weight without a fraction of its largest and smallest values",
    Order = 4,
    Example = "trimmed-0.3",
    Parameter = "a fraction in [0, 0.5)"
)]
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
            throw new ArgumentOutOfRangeException(
                nameof(fraction),
                fraction,
                $"The trimmed fraction must be in [0, 0.5); it is {fraction}."
            );
        _fraction = fraction;
    }

    /// <inheritdoc/>
    public string Name => _fraction == DefaultFraction ? "trimmed" : $"trimmed-{_fraction}";

    /// <summary>The values cut at each end, <c>k</c>.</summary>
    /// <param name="nodes">Number of updates.</param>
    public int CutOf(int nodes) =>
        Math.Min((int)Math.Ceiling(_fraction * nodes - RoundingSlack), TrimmedMean.MedianCut(nodes));

    /// <inheritdoc/>
    public MergedUpdate Merge(IReadOnlyList<WeightSet> deltasInNodeOrder, IReadOnlyList<double> sampleCounts)
    {
        MergeInputs.Require(deltasInNodeOrder, sampleCounts);
        return TrimmedMean.Of(deltasInNodeOrder, CutOf(deltasInNodeOrder.Count));
    }
}

/// <summary>
/// The arithmetic of coordinate-wise rules: sorts the updates' values at every coordinate and averages those in the
/// middle.
/// </summary>
internal static class TrimmedMean
{
    /// <summary>The cut that leaves the median: one value of an odd number, two of an even one.</summary>
    public static int MedianCut(int nodes) => (nodes - 1) / 2;

    /// <summary>Averages updates.</summary>
    /// <param name="deltas">Of the same names and shapes. Borrowed.</param>
    /// <param name="cut">Values to leave out at each end, in [0, <see cref="MedianCut"/>].</param>
    /// <returns>The merged update, with each node's part of the values kept. Owned by the caller.</returns>
    public static MergedUpdate Of(IReadOnlyList<WeightSet> deltas, int cut)
    {
        double[] kept = new double[deltas.Count];
        var update = deltas[0].Map((name, _) => OfTensor([.. deltas.Select(delta => delta[name])], cut, kept));
        return new MergedUpdate(update, MergedUpdate.Normalise(kept));
    }

    /// <summary>Averages one tensor of every update.</summary>
    /// <param name="tensors">All of one shape. Borrowed.</param>
    /// <param name="cut">Values to leave out at each end.</param>
    /// <param name="kept">Each node's number of values within the range kept is added here; all equal values at its
    /// edge count.</param>
    /// <returns>Float64, owned by the caller.</returns>
    public static Tensor OfTensor(IReadOnlyList<Tensor> tensors, int cut, double[] kept) =>
        PiecewiseReduction.Run(
            tensors,
            (rows, mean) =>
            {
                Tensor[] sorted = [.. rows];
                SortingNetwork.Sort(sorted);
                var middle = sorted[cut..^cut];
                foreach (var row in middle)
                    mean.add_(row); // in the order of values, so the order of nodes has no say
                mean.div_(middle.Length);
                for (int node = 0; node < rows.Length; node++)
                    kept[node] += rows[node].clamp(middle[0], middle[^1]).eq(rows[node]).count_nonzero().item<long>();
            }
        );
}
