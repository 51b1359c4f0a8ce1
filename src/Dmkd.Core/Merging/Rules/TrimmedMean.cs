using Dmkd.Core.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Rules;

/// <summary>The arithmetic of coordinate-wise rules: sorts the updates' values at every coordinate and averages those in the middle.</summary>
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
    /// <param name="kept">Each node's number of values within the range kept is added here; all equal values at its edge count.</param>
    /// <returns>Float64, owned by the caller.</returns>
    public static Tensor OfTensor(IReadOnlyList<Tensor> tensors, int cut, double[] kept) =>
        PiecewiseReduction.Run(tensors, (rows, mean) =>
        {
            Tensor[] sorted = [.. rows];
            SortingNetwork.Sort(sorted);
            var middle = sorted[cut..^cut];
            foreach (var row in middle) mean.add_(row); // in the order of values, so the order of nodes has no say
            mean.div_(middle.Length);
            for (int node = 0; node < rows.Length; node++)
                kept[node] += rows[node].clamp(middle[0], middle[^1]).eq(rows[node]).count_nonzero().item<long>();
        });
}
