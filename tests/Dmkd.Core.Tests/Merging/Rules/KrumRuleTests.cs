using Dmkd.Core.Merging.Rules;
using Dmkd.Core.Tensors;

namespace Dmkd.Core.Tests.Merging.Rules;

public sealed class KrumRuleTests
{
    [Theory]
    [InlineData(null, 1, 1)]
    [InlineData(null, 2, 2)]
    [InlineData(null, 3, 1)]
    [InlineData(null, 4, 2)]
    [InlineData(null, 5, 2)]
    [InlineData(null, 7, 3)]
    [InlineData(null, 10, 5)]
    [InlineData(1, 10, 7)]
    [InlineData(9, 10, 5)] // lowered to 3
    [InlineData(0, 10, 8)]
    public void ChosenOf_NodesAndFaulty_IsNodesLessFaultyLessTwo(int? faulty, int nodes, int expected) =>
        Assert.Equal(expected, new KrumRule(faulty).ChosenOf(nodes));

    [Fact]
    public void Merge_FiveNodes_AveragesTheTwoClosestToTheirNeighbours()
    {
        // f = 1: two neighbours each. Sums: 1 + 2.25, 1 + 0.25, 0.25 + 2.25, then far ones. The two lowest: 1.25 and
        // 2.5.
        var (update, weights) = Rounds.Merge(new KrumRule(), [1e9, 1, 1, 1, 1], [0], [1], [1.5f], [100], [-50]);
        Assert.Equal([1.25], update);
        Assert.Equal([0, 0.5, 0.5, 0, 0], weights);
    }

    [Fact]
    public void Merge_ThreeNodes_TakesOneOfTheClosestPair()
    {
        var (update, weights) = Rounds.MergeAlike(new KrumRule(), [1000], [2], [3]);
        Assert.Equal([2], update); // equal sums: the earlier node
        Assert.Equal([0, 1, 0], weights);
    }

    [Fact]
    public void Merge_RunningStatistics_TakeTheMedianOfAllNodesAndHaveNoSay()
    {
        // The first two are closest by weights, but one of them lies about its statistics.
        WeightSet[] round =
        [
            .. new (float Weight, float Statistic)[] { (1, 1e6f), (1, 3), (2, 4), (9, 5) }.Select(node =>
                TestWeights.Of(("conv.weight", [node.Weight], [1]), ("norm.running_mean", [node.Statistic], [1]))
            ),
        ];
        using var merged = new KrumRule().Merge(round, [1, 1, 1, 1]);
        Rounds.Dispose(round);
        Assert.Equal([0.5, 0.5, 0, 0], merged.AcceptedWeights);
        Assert.Equal(1, merged.Update["conv.weight"].data<double>()[0]);
        Assert.Equal(4.5, merged.Update["norm.running_mean"].data<double>()[0]);
    }

    [Fact]
    public void Merge_OneNodeSendsNaN_IsLeftOut()
    {
        var (update, weights) = Rounds.MergeAlike(new KrumRule(), [float.NaN], [1], [1.5f], [3], [4]);
        Assert.Equal(0, weights[0]);
        Assert.Equal([2.25], update); // 1.5 and 3
    }

    [Fact]
    public void Constructor_NegativeNumber_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new KrumRule(-1));
}
