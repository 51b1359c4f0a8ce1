using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Rules;

/// <summary>
/// The coordinate-wise median (Yin et al. 2018), without sample counts; of an even number of values the mean of the two
/// in the middle. Fewer than half of the nodes cannot move it beyond the honest values. Running statistics take their
/// median alike.
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

/// <summary>
/// The median of few numbers; of an even number of them the lower of the two in the middle, which up to half of the
/// nodes cannot push above what the others sent.
/// </summary>
internal static class LowerMedian
{
    /// <summary>The median.</summary>
    /// <param name="values">At least one, none NaN.</param>
    public static double Of(IReadOnlyCollection<double> values) => values.Order().ElementAt((values.Count - 1) / 2);
}

/// <summary>
/// Makes one float64 tensor of several, piece by piece, so that what is computed on the way stays in the processor's
/// cache.
/// </summary>
internal static class PiecewiseReduction
{
    private const long PieceElements = 1 << 14; // with ten updates and as many copies a little over 1 MiB

    /// <summary>Reduces tensors.</summary>
    /// <param name="tensors">All of one shape. Borrowed.</param>
    /// <param name="reduce">Takes the same piece of every tensor, as rows, and adds its result to a piece of float64
    /// zeros; any scope is its caller's.</param>
    /// <returns>The results, of that shape, owned by the caller.</returns>
    public static Tensor Run(IReadOnlyList<Tensor> tensors, Action<Tensor[], Tensor> reduce)
    {
        using var scope = NewDisposeScope();
        var result = zeros(tensors[0].shape, dtype: ScalarType.Float64);
        var target = result.view(-1);
        Tensor[] flat = [.. tensors.Select(tensor => tensor.reshape(-1))];
        long elements = result.numel();
        for (long first = 0; first < elements; first += PieceElements)
        {
            using var pieceScope = NewDisposeScope();
            long count = Math.Min(PieceElements, elements - first);
            reduce([.. flat.Select(values => values.narrow(0, first, count))], target.narrow(0, first, count));
        }

        return result.MoveToOuterDisposeScope();
    }
}

/// <summary>
/// Sorts equally long rows at every position at once by a fixed list of comparisons of whole rows: the odd-even merge
/// sort of Batcher 1968. For the 4 to 30 rows of a round about ten times as fast as libtorch's sort, which goes through
/// one short column at a time.
/// </summary>
internal static class SortingNetwork
{
    /// <summary>Sorts rows.</summary>
    /// <param name="rows">
    /// All of one shape, finite. Borrowed, but the array is overwritten by the sorted rows, smallest first, in the
    /// caller's dispose scope.
    /// </param>
    public static void Sort(Tensor[] rows)
    {
        foreach (var (first, second) in Comparisons(rows.Length))
            (rows[first], rows[second]) = (rows[first].minimum(rows[second]), rows[first].maximum(rows[second]));
    }

    /// <summary>Pairs of places to compare, in order; the smaller value goes to the first.</summary>
    /// <param name="count">Number of places.</param>
    internal static IEnumerable<(int First, int Second)> Comparisons(int count)
    {
        for (int sorted = 1; sorted < count; sorted *= 2)
        for (int distance = sorted; distance >= 1; distance /= 2)
        for (int start = distance % sorted; start + distance < count; start += 2 * distance)
        for (int place = start; place < Math.Min(start + distance, count - distance); place++)
            if (place / (2 * sorted) == (place + distance) / (2 * sorted)) // within one of the runs being merged
                yield return (place, place + distance);
    }
}
