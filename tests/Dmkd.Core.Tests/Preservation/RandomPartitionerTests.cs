using Dmkd.Core.Preservation;

namespace Dmkd.Core.Tests.Preservation;

public sealed class RandomPartitionerTests
{
    private static readonly ImportanceGraph Graph = ImportanceGraph.FromEdges(
        [
            .. new[] { ("a", 30), ("b", 12) }.SelectMany(space =>
                Enumerable.Range(0, space.Item2).Select(unit => new UnitNode(space.Item1, unit))
            ),
        ],
        []
    );

    [Fact]
    public void OfSameSizes_EverySpace_KeepsItsSizes()
    {
        // Clusters 0 and 1 share a, 2 is all of b.
        int[] clusters = Clusters();
        int[] dealt = RandomPartitioner.OfSameSizes(Graph, clusters, 1);
        Assert.Equal(Sizes(clusters), Sizes(dealt));
        Assert.NotEqual(clusters, dealt);
    }

    [Fact]
    public void OfSameSizes_Input_IsLeftAsItWas()
    {
        int[] clusters = Clusters();
        RandomPartitioner.OfSameSizes(Graph, clusters, 1);
        Assert.Equal(Clusters(), clusters);
    }

    [Fact]
    public void OfSameSizes_Seed_DecidesTheDraw()
    {
        Assert.Equal(
            RandomPartitioner.OfSameSizes(Graph, Clusters(), 1),
            RandomPartitioner.OfSameSizes(Graph, Clusters(), 1)
        );
        Assert.NotEqual(
            RandomPartitioner.OfSameSizes(Graph, Clusters(), 1),
            RandomPartitioner.OfSameSizes(Graph, Clusters(), 2)
        );
    }

    [Fact]
    public void OfSameSizes_ManySeeds_DealEachUnitItsShare()
    {
        // 9 of a's 30 units are of cluster 0: 300 draws give a unit 90 ± 8 of them, and 40 is five deviations.
        int[] counts = new int[30];
        for (int seed = 0; seed < 300; seed++)
        {
            int[] dealt = RandomPartitioner.OfSameSizes(Graph, Clusters(), seed);
            for (int unit = 0; unit < 30; unit++)
                counts[unit] += dealt[unit] == 0 ? 1 : 0;
        }

        Assert.All(counts, count => Assert.InRange(count, 50, 130));
    }

    [Fact]
    public void OfSameSizes_NotAClusterForEachNode_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => RandomPartitioner.OfSameSizes(Graph, [0, 1], 1));

    private static int[] Clusters() =>
        [
            .. Graph.Nodes.Select(node =>
                node.Space == "b" ? 2
                : node.Unit < 9 ? 0
                : 1
            ),
        ];

    private static IEnumerable<(string Space, int Cluster, int Count)> Sizes(int[] clusters) =>
        Graph
            .Nodes.Zip(clusters, (node, cluster) => (node.Space, cluster))
            .CountBy(pair => pair)
            .Select(pair => (pair.Key.Space, pair.Key.cluster, pair.Value))
            .Order();
}
