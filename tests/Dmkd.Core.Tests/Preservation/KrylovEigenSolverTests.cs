using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Preservation;

public sealed class KrylovEigenSolverTests
{
    [Theory]
    [InlineData(1, 4, false)]
    [InlineData(2, 4, true)]
    [InlineData(3, 7, true)]
    public void SmallestEigenvectors_RandomGraph_AreTheDenseOnes(int seed, int count, bool splitEverySpace) =>
        AssertAgrees(Planted(seed, layers: 5, width: 60, density: 0.3), count, splitEverySpace);

    [Fact]
    public void SmallestEigenvectors_RepeatedEigenvalue_SpansTheDenseOnes()
    {
        // Four parts without an edge between them: eigenvalue 0 comes four times. Six nodes are isolated.
        var random = new Random(4);
        var edges = Enumerable
            .Range(0, 6_000)
            .Select(_ => (A: random.Next(300), B: random.Next(300)))
            .Where(e => e.A % 4 == e.B % 4);
        AssertAgrees(
            ImportanceGraph.FromEdges(ImportanceGraphTests.Nodes(306), edges.Select(e => (e.A, e.B, 1.0))),
            4,
            false
        );
    }

    [Fact]
    public void SmallestEigenvectors_MoreThanABlockHolds_AreAllNodes() =>
        AssertAgrees(Planted(5, layers: 2, width: 4, density: 1), 8, true);

    [Fact]
    public void Partition_LargeGraph_FindsPlantedBlocksTheSameWayEveryTime()
    {
        var graph = Planted(6, layers: 10, width: 200, density: 0.25);
        int[] clusters = SpectralPartitioner.Partition(graph, 2, new());
        Assert.Equal(graph.Nodes.Select(node => node.Unit % 2), clusters);
        Assert.Equal(clusters, SpectralPartitioner.Partition(graph, 2, new()));
    }

    [Fact]
    public void Partition_TenThousandUnits_FindsPlantedBlocks()
    {
        var graph = Planted(6, layers: 40, width: 250, density: 0.2);
        Assert.Equal(graph.Nodes.Select(node => node.Unit % 2), SpectralPartitioner.Partition(graph, 2, new()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void SmallestEigenvectors_AnyNumberOfTorchThreads_AreEqualBitForBit(bool densely)
    {
        var graph = Planted(3, layers: 5, width: 200, density: 0.3);
        int threads = get_num_threads();
        try
        {
            set_num_threads(1);
            double[][] expected = NormalisedLaplacian.SmallestEigenvectors(graph, 4, true, densely);
            set_num_threads(2);
            Assert.Equal(expected, NormalisedLaplacian.SmallestEigenvectors(graph, 4, true, densely));
            Assert.Equal(2, get_num_threads());
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [Fact]
    public void SmallestEigenvectors_Sparse_LeaksNoTensor()
    {
        var graph = Planted(1, layers: 3, width: 40, density: 0.5);
        LeakTests.AssertNoLeak(() => NormalisedLaplacian.SmallestEigenvectors(graph, 3, true, densely: false));
    }

    [Theory(Explicit = true)] // a measurement: dotnet test -- xUnit.Explicit=only
    [InlineData(40, 250, 20)]
    [InlineData(50, 500, 200)]
    public void Partition_VeryLargeGraph_TakesSeconds(int layers, int width, int edgesPerUnit)
    {
        var graph = Planted(6, layers, width, (double)edgesPerUnit / width);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        int[] clusters = SpectralPartitioner.Partition(graph, 4, new());
        TestContext.Current.SendDiagnosticMessage(
            $"{graph.NodeCount} nodes, {graph.EdgeCount} edges: {watch.Elapsed.TotalSeconds:F1} s"
        );
        Assert.Equal(4, clusters.Distinct().Count());
    }

    // a measurement; random weights have no blocks to find, which is the slowest case there is
    [Theory(Explicit = true)]
    [InlineData("resnet18")]
    [InlineData("resnet50")]
    public void Partition_RandomResNet_TakesSeconds(string name)
    {
        using var scope = NewDisposeScope();
        var architecture = ArchitectureCatalog.Named(name, 10);
        using var weights = WeightTransfer.RandomWeights(architecture, 1);
        using var scores = new ImportanceScores(
            1,
            weights.Map((_, weight) => weight.abs()),
            new Dictionary<string, double[,]>()
        );
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var graph = ImportanceGraph.Build(architecture, scores);
        double built = watch.Elapsed.TotalSeconds;
        NormalisedLaplacian.SmallestEigenvectors(graph, 4, true);
        double solved = watch.Elapsed.TotalSeconds - built;
        SpectralPartitioner.Partition(graph, 4, new());
        TestContext.Current.SendDiagnosticMessage(
            $"{name}: {graph.NodeCount} nodes, {graph.EdgeCount} edges; graph {built:F1} s, eigenvectors "
                + $"{solved:F1} s, again and k-means {watch.Elapsed.TotalSeconds - built - solved:F1} s"
        );
    }

    /// <summary>Layers joined to the next one, edges between units of the same parity four times as heavy.</summary>
    internal static ImportanceGraph Planted(int seed, int layers, int width, double density)
    {
        var random = new Random(seed);
        UnitNode[] nodes =
        [
            .. Enumerable.Range(0, layers * width).Select(node => new UnitNode($"layer{node / width}", node % width)),
        ];
        return ImportanceGraph.FromEdges(
            nodes,
            from a in Enumerable.Range(0, (layers - 1) * width)
            from b in Enumerable.Range((a / width + 1) * width, width)
            where random.NextDouble() < density
            select (a, b, random.NextDouble() * (a % 2 == b % 2 ? 4 : 1))
        );
    }

    private static void AssertAgrees(ImportanceGraph graph, int count, bool splitEverySpace)
    {
        using var scope = NewDisposeScope();
        double[][] dense = NormalisedLaplacian.SmallestEigenvectors(graph, count, splitEverySpace, densely: true);
        double[][] sparse = NormalisedLaplacian.SmallestEigenvectors(graph, count, splitEverySpace, densely: false);
        var expected = tensor(dense.SelectMany(row => row).ToArray(), [dense.Length, count]);
        var actual = tensor(sparse.SelectMany(row => row).ToArray(), [sparse.Length, count]);
        // The projectors onto the spans: eigenvectors of equal eigenvalues may be rotated, and k-means does not see it.
        var difference = expected.mm(expected.t()) - actual.mm(actual.t());
        // residual 1e-6 over the gap to the next eigenvalue
        Assert.True(difference.abs().max().item<double>() < 1e-4, $"{difference.abs().max().item<double>()}");
    }
}
