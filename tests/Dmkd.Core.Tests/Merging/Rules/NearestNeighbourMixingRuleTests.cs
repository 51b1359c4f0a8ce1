using Dmkd.Core.Merging.Rules;

namespace Dmkd.Core.Tests.Merging.Rules;

public sealed class NearestNeighbourMixingRuleTests
{
    [Theory]
    [InlineData(0.2, 4, 0)]
    [InlineData(0.2, 5, 1)]
    [InlineData(0.2, 10, 2)]
    [InlineData(0.3, 10, 3)] // 3 - 4e-16 in binary
    [InlineData(0.49, 100, 49)]
    [InlineData(0, 100, 0)]
    public void FaultyOf_Share_IsRoundedDown(double share, int nodes, int expected) =>
        Assert.Equal(expected, new NearestNeighbourMixingRule(share).FaultyOf(nodes));

    [Fact]
    public void Merge_FourNodes_IsTheWeightedMean()
    {
        double[] counts = [300, 100, 50, 7];
        using var round = Rounds.Random(4);
        using var mixed = new NearestNeighbourMixingRule().Merge(round, counts);
        using var weighted = new WeightedMeanRule().Merge(round, counts);
        TestWeights.AssertSameBits(weighted.Update, mixed.Update);
    }

    [Fact]
    public void Merge_FiveNodes_TheFarOneIsOnlyInItsOwnMixture()
    {
        // All of length 5. Mixtures of four: the first four together, four times; the last with its nearest, which are
        // 3, 0 and 2.
        var (update, weights) = Rounds.MergeAlike(
            new NearestNeighbourMixingRule(),
            [5, 0],
            [4, 3],
            [3, 4],
            [0, 5],
            [-4, -3]
        );
        Assert.Equal([2.6, 2.7], update, Near);
        Assert.Equal([0.25, 0.2, 0.25, 0.25, 0.05], weights, Near);
    }

    [Fact]
    public void Merge_LongUpdate_CountsForNoMoreThanTheMedianLength()
    {
        var (update, weights) = Rounds.MergeAlike(
            new NearestNeighbourMixingRule(),
            [5, 0],
            [4, 3],
            [3, 4],
            [0, 5],
            [-400, -300]
        );
        Assert.Equal([2.6, 2.7], update, Near);
        Assert.Equal(0.0025 / 4.7525, weights[4], 1e-12);
    }

    [Fact]
    public void Merge_Counts_WeighMixturesAndWhatIsInThem()
    {
        // Two of three: (0, 1) twice, (2, 1).
        var (update, weights) = Rounds.Merge(new NearestNeighbourMixingRule(0.4), [1, 3, 4], [5, 0], [4, 3], [-5, 0]);
        double[] parts = [1, 3 + 4 * 3 / 7.0, 4 * 4 / 7.0];
        Assert.Equal([(5 * parts[0] + 4 * parts[1] - 5 * parts[2]) / 8, 3 * parts[1] / 8], update, Near);
        Assert.Equal(parts.Select(part => part / 8), weights, Near);
    }

    [Fact]
    public void Merge_NodesWithoutSamples_HaveNoSay()
    {
        var (update, weights) = Rounds.Merge(new NearestNeighbourMixingRule(0.4), [0, 0, 2], [1], [1], [-1]);
        Assert.Equal([-1], update);
        Assert.Equal([0, 0, 1], weights);
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(0.5)]
    [InlineData(double.NaN)]
    public void Constructor_ShareOutOfRange_IsRefused(double share) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new NearestNeighbourMixingRule(share));

    private static bool Near(double one, double other) => Math.Abs(one - other) < 1e-12;
}
