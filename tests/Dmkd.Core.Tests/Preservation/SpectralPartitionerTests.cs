using Dmkd.Core.Preservation;

namespace Dmkd.Core.Tests.Preservation;

public sealed class SpectralPartitionerTests
{
    private static readonly SpectralOptions Options = new() { Seed = 3 };

    [Fact]
    public void Partition_TwoCliquesWithABridge_SplitsAtTheBridge()
    {
        var graph = Graph(10, [.. Clique(0, 6), .. Clique(6, 10), (0, 6, 0.1)]);
        Assert.Equal([0, 0, 0, 0, 0, 0, 1, 1, 1, 1], SpectralPartitioner.Partition(graph, 2, Options));
    }

    [Fact]
    public void Partition_DisconnectedCliques_AreTheClusters()
    {
        var graph = Graph(9, [.. Clique(0, 2), .. Clique(2, 5), .. Clique(5, 9)]);
        Assert.Equal([0, 0, 1, 1, 1, 2, 2, 2, 2], SpectralPartitioner.Partition(graph, 3, Options));
    }

    [Fact]
    public void Partition_PermutedNodes_PermutesTheResult()
    {
        var edges = PlantedBlocks(blocks: 3, size: 12);
        int[] place = [.. Enumerable.Range(0, 36)];
        new Random(5).Shuffle(place);
        int[] plain = SpectralPartitioner.Partition(Graph(36, edges), 3, Options);
        int[] permuted = SpectralPartitioner.Partition(
            Graph(36, [.. edges.Select(e => (place[e.Item1], place[e.Item2], e.Item3))]),
            3,
            Options
        );
        AssertSamePartition(plain, [.. place.Select(p => permuted[p])]);
        AssertSamePartition([.. Enumerable.Range(0, 36).Select(node => node / 12)], plain);
    }

    [Fact]
    public void Partition_SameSeed_IsEqual()
    {
        var random = new Random(9);
        var graph = Graph(
            40,
            [.. Enumerable.Range(0, 300).Select(_ => (random.Next(40), random.Next(40), random.NextDouble()))]
        );
        Assert.Equal(
            SpectralPartitioner.Partition(graph, 5, Options),
            SpectralPartitioner.Partition(graph, 5, Options)
        );
    }

    [Fact]
    public void Partition_LayersWithWeakBlocks_SplitsEveryLayerUnlessToldOtherwise()
    {
        // Four fully joined layers of six units; edges inside a block (even or odd units) weigh 1.2, others 1.
        UnitNode[] nodes = [.. Enumerable.Range(0, 24).Select(node => new UnitNode($"layer{node / 6}", node % 6))];
        var graph = ImportanceGraph.FromEdges(
            nodes,
            from a in Enumerable.Range(0, 18)
            from b in Enumerable.Range((a / 6 + 1) * 6, 6)
            select (a, b, a % 2 == b % 2 ? 1.2 : 1)
        );
        Assert.Equal(nodes.Select(node => node.Unit % 2), SpectralPartitioner.Partition(graph, 2, Options));
        int[] literal = SpectralPartitioner.Partition(graph, 2, new() { SplitEverySpace = false });
        Assert.Equal(nodes.Select((_, node) => node / 12), literal);
    }

    [Fact]
    public void Partition_IsolatedNodes_FillTheSmallestClusters()
    {
        var graph = Graph(8, [.. Clique(0, 3), .. Clique(4, 6)]);
        Assert.Equal([0, 0, 0, 1, 1, 1, 0, 1], SpectralPartitioner.Partition(graph, 2, Options));
    }

    [Fact]
    public void Partition_NoEdges_SpreadsTheNodes() =>
        Assert.Equal([0, 1, 2, 0, 1], SpectralPartitioner.Partition(Graph(5, []), 3, Options));

    [Fact]
    public void Partition_OneCluster_IsZeros() =>
        Assert.Equal(new int[5], SpectralPartitioner.Partition(Graph(5, Clique(0, 5)), 1, Options));

    [Fact]
    public void Partition_AsManyClustersAsNodes_LeavesNoneEmpty() =>
        Assert.Equal([0, 1, 2, 3], SpectralPartitioner.Partition(Graph(4, Clique(0, 4)), 4, Options));

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    public void Partition_ClusterCountOutOfRange_NamesLimitAndValue(int clusterCount)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() =>
            SpectralPartitioner.Partition(Graph(5, []), clusterCount, Options)
        );
        Assert.Contains($"('{clusterCount}')", error.Message, StringComparison.Ordinal);
    }

    private static ImportanceGraph Graph(int nodes, (int, int, double)[] edges) =>
        ImportanceGraph.FromEdges(ImportanceGraphTests.Nodes(nodes), edges);

    private static (int, int, double)[] Clique(int first, int end) =>
        [
            .. from a in Enumerable.Range(first, end - first)
            from b in Enumerable.Range(a + 1, end - a - 1)
            select (a, b, 1.0),
        ];

    private static (int, int, double)[] PlantedBlocks(int blocks, int size)
    {
        var random = new Random(7);
        return
        [
            .. from a in Enumerable.Range(0, blocks * size)
            from b in Enumerable.Range(0, a)
            select (a, b, random.NextDouble() * (a / size == b / size ? 1 : 0.1)),
        ];
    }

    private static void AssertSamePartition(int[] expected, int[] actual) =>
        Assert.Equal(expected.Distinct().Count(), expected.Zip(actual).Distinct().Count());
}
