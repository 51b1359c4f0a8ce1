namespace Dmkd.Core.Merging.Rules;

/// <summary>
/// Nearest-neighbour mixing (Allouah et al. 2023, "Fixing by mixing"): every update is replaced by the mean of itself
/// and its <c>n - f - 1</c> nearest ones, and the mixtures are averaged; both means are weighted by sample counts. An
/// update that lies far from the others is in no mixture but its own, so <c>f</c> of <c>n</c> bad nodes keep about
/// <c>f² / (n (n - f))</c> of the weight instead of <c>f / n</c>: 5 % instead of 20 %. No update counts for more than
/// the median length. Honest nodes with unlike data lose some weight and never all of it.
/// </summary>
/// <remarks>
/// <para><c>f</c> is a share of the nodes, rounded down. Where that is nobody, as with four nodes at the default share,
/// there is nothing to withstand: the rule is the plain weighted mean, and no update is shortened.</para>
/// <para>Differs from the paper, where a robust rule follows the mixing: the mean keeps the rule linear, so merged
/// updates go down compressed. The length is bounded instead, as in <see cref="ClippedMeanRule"/>, after distances were
/// measured.</para>
/// <para>Distances are over trained weights; running statistics are mixed with the same weights, and clipped by their
/// own length.</para>
/// </remarks>
[Named(
    "nnm",
    "the weighted mean of each update's mean with its nearest ones, with a share of faulty nodes",
    Order = 7,
    Example = "nnm-0.3",
    Parameter = "a share in [0, 0.5)"
)]
public sealed class NearestNeighbourMixingRule : LinearMergeRule
{
    /// <summary>The default share of bad nodes.</summary>
    public const double DefaultShare = 0.2;

    private const double MaxMedianLengths = 1;
    private const double Slack = 1e-9; // 0.3 of ten nodes are three, though 0.3 is a little less in binary
    private readonly double _share;

    /// <summary>Configures the rule.</summary>
    /// <param name="share">Share of the nodes to withstand, in [0, 0.5).</param>
    /// <exception cref="ArgumentOutOfRangeException">The share is out of its range.</exception>
    public NearestNeighbourMixingRule(double share = DefaultShare)
    {
        if (!(share is >= 0 and < 0.5))
            throw new ArgumentOutOfRangeException(
                nameof(share),
                share,
                $"The share of faulty nodes must be in [0, 0.5); it is {share}."
            );
        _share = share;
    }

    /// <inheritdoc/>
    public override string Name => _share == DefaultShare ? "nnm" : $"nnm-{_share}";

    /// <summary>Nodes to withstand, <c>f</c>.</summary>
    /// <param name="nodes">Number of updates.</param>
    public int FaultyOf(int nodes) => (int)Math.Floor(_share * nodes + Slack);

    /// <summary>Nodes that a round needs to withstand one; null when the share is 0.</summary>
    public int? LeastNodes => _share > 0 ? (int)Math.Ceiling(1 / _share - Slack) : null;

    /// <inheritdoc/>
    protected override LinearWeights WeighChecked(UpdateGeometry geometry, IReadOnlyList<double> sampleCounts)
    {
        int nodes = geometry.Count,
            mixed = nodes - FaultyOf(nodes);
        if (mixed == nodes)
            return new LinearWeights(sampleCounts, sampleCounts, sampleCounts.Sum());
        double[] weights = new double[nodes];
        for (int node = 0; node < nodes; node++)
        {
            int self = node;
            // OrderBy is stable: of equal distances the earlier node wins.
            int[] nearest =
            [
                .. Enumerable
                    .Range(0, nodes)
                    .Where(other => other != self)
                    .OrderBy(other => geometry.SquaredDistance(self, other))
                    .Take(mixed - 1),
            ];
            double samples = sampleCounts[self] + nearest.Sum(other => sampleCounts[other]);
            if (samples == 0)
                continue;
            weights[self] += sampleCounts[self] * sampleCounts[self] / samples;
            foreach (int other in nearest)
                weights[other] += sampleCounts[self] * sampleCounts[other] / samples;
        }

        return new LinearWeights(
            ClippedMeanRule.Clip([.. geometry.Norms.Select(norm => norm.Trained)], weights, MaxMedianLengths),
            ClippedMeanRule.Clip([.. geometry.Norms.Select(norm => norm.Statistics)], weights, MaxMedianLengths),
            weights.Sum()
        ); // of the full weights: what is clipped off is not given to the others
    }
}
