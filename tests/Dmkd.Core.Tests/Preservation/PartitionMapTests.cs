using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;

namespace Dmkd.Core.Tests.Preservation;

public sealed class PartitionMapTests
{
    // Two spaces of two units; cluster 1 has a0 and b1, cluster 0 has a1 and b0.
    private static readonly UnitNode[] Nodes = [new("a", 0), new("a", 1), new("b", 0), new("b", 1)];
    private static readonly int[] Clusters = [1, 0, 0, 1];
    private static readonly (int First, int Second, double Weight)[] Edges =
    [
        (0, 2, 1),
        (0, 3, 8),
        (1, 2, 4),
        (1, 3, 2),
    ];

    private static readonly Dictionary<string, double[,]> Importance = new()
    {
        ["a"] = new double[,]
        {
            { 1, 2 },
            { 0, 0 },
            { 5, 0 },
        },
        ["b"] = new double[,]
        {
            { 4, 1 },
            { 0, 0 },
            { 0, 5 },
        },
    };

    [Fact]
    public void Of_FewUnits_HasACellForEachInClusterOrder()
    {
        var map = MapOf(maxCells: 4);
        Assert.Equal(4, map.Size);
        Assert.Equal([0, 2], map.ClusterStarts);
        Assert.Equal([0, 4, 0, 2, 4, 0, 1, 0, 0, 1, 0, 8, 2, 0, 8, 0], map.Adjacency); // a1, b0, a0, b1
    }

    [Fact]
    public void Of_CellsOfTwo_AreMeansOverThePairsOfUnits()
    {
        var map = MapOf(maxCells: 2);
        Assert.Equal(2, map.Size);
        Assert.Equal([0, 1], map.ClusterStarts);
        Assert.Equal([4, 0.75f, 0.75f, 8], map.Adjacency); // one pair within a cell, four between: (1 + 2) / 4
    }

    [Fact]
    public void Of_TooFewCellsForAll_EveryClusterStillBeginsOne()
    {
        var map = MapOf(maxCells: 3);
        Assert.Equal(2, map.Size); // with one unit in a cell it would be four, so it is two everywhere
        Assert.Equal([0, 1], map.ClusterStarts);
    }

    [Fact]
    public void Of_OddCluster_SpreadsItsUnitsEvenly()
    {
        var graph = ImportanceGraph.FromEdges(ImportanceGraphTests.Nodes(6), [(0, 1, 6), (4, 5, 10), (0, 5, 3)]);
        using var scores = Scores(new() { ["s"] = new double[1, 6] });
        // 5 units in three cells of 2, 2 and 1
        var map = PartitionMap.Of(graph, [0, 0, 0, 0, 0, 1], 2, scores, maxCells: 4);
        Assert.Equal(4, map.Size);
        Assert.Equal([0, 3], map.ClusterStarts);
        Assert.Equal([6, 0, 0, 1.5f, 0, 0, 0, 0, 0, 0, 0, 10, 1.5f, 0, 10, 0], map.Adjacency);
    }

    [Fact]
    public void Of_ClassShares_SayWhereEachClassLies()
    {
        var shares = MapOf().ClassShares;
        Assert.Equal([2, 3], [shares.GetLength(0), shares.GetLength(1)]);
        Assert.Equal([0.75, 0, 0], [shares[0, 0], shares[0, 1], shares[0, 2]]); // a1 and b0 hold 2 + 4 of 8
        Assert.Equal([0.25, 0, 1], [shares[1, 0], shares[1, 1], shares[1, 2]]); // a class without importance has none
    }

    [Fact]
    public void Of_ClusterWithoutUnits_HasNoCell()
    {
        using var scores = Scores(Importance);
        var map = PartitionMap.Of(Graph(), [2, 0, 0, 2], 4, scores);
        Assert.Equal([0, 2, 2, 4], map.ClusterStarts);
        Assert.Equal(4, map.Size);
    }

    [Fact]
    public void Of_LessCellsThanClusters_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => MapOf(maxCells: 1));

    [Theory]
    [InlineData(0, 1, 0)]
    [InlineData(0, 1, 0, 2)]
    [InlineData(0, 1, 0, -1)]
    public void Of_WrongClusters_Throws(params int[] clusters)
    {
        using var scores = Scores(Importance);
        Assert.Throws<ArgumentException>(() => PartitionMap.Of(Graph(), clusters, 2, scores));
    }

    private static PartitionMap MapOf(int maxCells = 256)
    {
        using var scores = Scores(Importance);
        return PartitionMap.Of(Graph(), Clusters, 2, scores, maxCells);
    }

    private static ImportanceGraph Graph() => ImportanceGraph.FromEdges(Nodes, Edges);

    private static ImportanceScores Scores(Dictionary<string, double[,]> units) =>
        new(units.Values.First().GetLength(0), new WeightSet([]), units);
}
