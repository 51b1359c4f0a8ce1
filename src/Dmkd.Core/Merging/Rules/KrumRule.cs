using Dmkd.Core.Tensors;

namespace Dmkd.Core.Merging.Rules;

/// <summary>
/// Multi-Krum (Blanchard et al. 2017): the plain mean of the <c>m</c> updates that lie closest to their <c>n - f -
/// 2</c> nearest neighbours, by the sum of squared distances. Of equal sums the earlier node wins. Sample counts have
/// no say.
/// </summary>
/// <remarks>
/// <para>With <c>n</c> nodes <c>f</c> is at most <c>(n - 3) / 2</c>, rounded down, the largest for which the paper's
/// <c>2f + 2 &lt; n</c> holds, and <c>m = n - f - 2</c>, the largest that Damaskinos et al. 2019 prove safe: 10 nodes
/// give f = 3 and m = 5. Three and four nodes give f = 0: one wild update is then usually left out, without proof. One
/// or two nodes are plainly averaged.</para>
/// <para>Distances are over trained weights. Running statistics are of another scale and would drown them; they take
/// the coordinate-wise median of all updates, since a node chosen for its weights could send any statistics.</para>
/// </remarks>
[Named(
    "krum",
    "the mean of the updates that lie closest together (multi-Krum), with a number of faulty nodes",
    Order = 6,
    Example = "krum-2",
    Parameter = "a whole number in [0, 1000000]"
)]
public sealed class KrumRule : IMergeRule
{
    private readonly int? _faultyNodes;

    /// <summary>Configures the rule.</summary>
    /// <param name="faultyNodes">
    /// Nodes to withstand, <c>f</c>, not negative; lowered to what a round's number of nodes allows when some are
    /// missing. Null for that largest number.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public KrumRule(int? faultyNodes = null)
    {
        if (faultyNodes is < 0 or > 1_000_000)
            throw new ArgumentOutOfRangeException(
                nameof(faultyNodes),
                faultyNodes,
                $"The number of faulty nodes must be in [0, 1000000]; it is {faultyNodes}."
            );
        _faultyNodes = faultyNodes;
    }

    /// <inheritdoc/>
    public string Name => _faultyNodes is null ? "krum" : $"krum-{_faultyNodes}";

    /// <summary>Nodes to withstand as configured, <c>f</c>; null for as many as a round allows.</summary>
    public int? FaultyNodes => _faultyNodes;

    /// <summary>Nodes that a round needs to withstand some: <c>2f + 3</c>.</summary>
    /// <param name="faultyNodes">Nodes to withstand, at least 0.</param>
    public static int LeastNodesFor(int faultyNodes) => checked(2 * faultyNodes + 3);

    /// <summary>The updates averaged, <c>m</c>; as many nearest neighbours count.</summary>
    /// <param name="nodes">Number of updates.</param>
    public int ChosenOf(int nodes)
    {
        if (nodes < 3)
            return nodes;
        int most = (nodes - 3) / 2;
        return nodes - 2 - Math.Min(_faultyNodes ?? most, most);
    }

    /// <inheritdoc/>
    public MergedUpdate Merge(IReadOnlyList<WeightSet> deltasInNodeOrder, IReadOnlyList<double> sampleCounts)
    {
        MergeInputs.Require(deltasInNodeOrder, sampleCounts);
        int nodes = deltasInNodeOrder.Count,
            chosen = ChosenOf(nodes);
        double[] scores =
            chosen == nodes ? new double[nodes] : Scores(new UpdateGeometry(deltasInNodeOrder), neighbours: chosen);
        double[] weights = new double[nodes];
        foreach (int node in Enumerable.Range(0, nodes).OrderBy(node => scores[node]).Take(chosen))
            weights[node] = 1; // OrderBy is stable
        var update = deltasInNodeOrder[0]
            .Map(
                (name, _) =>
                {
                    var tensors = deltasInNodeOrder.Select(delta => delta[name]).ToArray();
                    return RunningStatistics.Contains(name)
                        ? TrimmedMean.OfTensor(tensors, TrimmedMean.MedianCut(nodes), new double[nodes])
                        : WeightedSum.Of(tensors, weights, chosen);
                }
            );
        return new MergedUpdate(update, MergedUpdate.Normalise(weights));
    }

    private static double[] Scores(UpdateGeometry geometry, int neighbours) =>
        [
            .. Enumerable
                .Range(0, geometry.Count)
                .Select(i =>
                    Enumerable
                        .Range(0, geometry.Count)
                        .Where(j => j != i)
                        .Select(j => geometry.SquaredDistance(i, j))
                        .Order()
                        .Take(neighbours)
                        .Sum()
                ),
        ];
}
