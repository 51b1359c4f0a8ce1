using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Preservation;

public sealed class ImportanceGraphTests
{
    [Fact]
    public void Build_Nodes_AreUnitsInNetworkOrder()
    {
        var graph = ImportanceGraph.Build(PlantedNetwork.Architecture, Ones(PlantedNetwork.Architecture));
        Assert.Equal(28, graph.NodeCount);
        Assert.Equal(new UnitNode("conv1", 7), graph.Nodes[7]);
        Assert.Equal(new UnitNode("conv2", 0), graph.Nodes[8]);
        Assert.Equal(new UnitNode("conv3", 7), graph.Nodes[27]);
    }

    [Fact]
    public void Build_ConvolutionBetweenSpaces_SumsTheKernelAndLeavesOutInputAndHead()
    {
        var graph = ImportanceGraph.Build(PlantedNetwork.Architecture, Ones(PlantedNetwork.Architecture));
        Assert.Equal(8 * 12 + 12 * 8, graph.EdgeCount);
        Assert.Equal(Enumerable.Range(8, 12), graph.NeighboursOf(0).ToArray());
        Assert.All(graph.WeightsOf(0).ToArray(), weight => Assert.Equal(9, weight));
        Assert.Equal(9 * 16, graph.DegreeOf(8));
    }

    [Theory]
    [InlineData("mlp(3x8x8;6-5;4)")]
    [InlineData("resnet(bottleneck;3;3x16x16;4-8-12;3.4.5.6-5.4;3)")] // weights in both directions between two spaces
    [InlineData("vit(4;3x16x16;12;4;3-4;9-10;5)")] // fused rows
    [InlineData("vgg(3x16x16;4.5-6;7-8;3)")] // flattened columns
    public void Build_AnyNetwork_IsTheGraphOfItsSingleWeights(string text)
    {
        using var scope = NewDisposeScope();
        var architecture = ArchitectureCatalog.Parse(text);
        using var weights = WeightTransfer.RandomWeights(architecture, 1);
        using var scores = new ImportanceScores(
            1,
            weights.Map((_, weight) => weight.abs()),
            new Dictionary<string, double[,]>()
        );
        var actual = ImportanceGraph.Build(architecture, scores);
        var expected = ImportanceGraph.FromEdges(actual.Nodes, EdgesOneByOne(architecture, scores, actual));
        for (int node = 0; node < actual.NodeCount; node++)
        {
            Assert.Equal(expected.NeighboursOf(node), actual.NeighboursOf(node));
            // float64 sums of at most some hundred float32 numbers near 1, in another order
            Assert.All(
                expected.WeightsOf(node).ToArray().Zip(actual.WeightsOf(node).ToArray()),
                pair => Assert.Equal(pair.First, pair.Second, 1e-9)
            );
        }
    }

    [Theory]
    [InlineData(-100)] // more than the rest of its kernel
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Build_BadScore_NamesTheWeight(float score)
    {
        using var scores = Ones(PlantedNetwork.Architecture);
        string name = PlantedNetwork.Architecture.Weights.Last(axes => axes.Columns is { Space: "conv2" }).Name;
        using (var weight = scores.Weights[name].view(-1))
            weight.narrow(0, 5, 1).fill_(score);
        var error = Assert.Throws<ArgumentOutOfRangeException>(() =>
            ImportanceGraph.Build(PlantedNetwork.Architecture, scores)
        );
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FromBlocks_BlocksOnAndAboveTheDiagonal_AreMirroredWithoutZeros()
    {
        var matrix = SymmetricSparseMatrix.FromBlocks(
            5,
            [new(0, 3, 2, 2, [1, 2, 0, 4]), new(0, 0, 2, 2, [0, 8, 8, 0])]
        );
        Assert.Equal([1, 3, 4], matrix.ColumnsOf(0));
        Assert.Equal([8.0, 1, 2], matrix.ValuesOf(0));
        Assert.Equal([0, 4], matrix.ColumnsOf(1));
        Assert.Equal([], matrix.ColumnsOf(2));
        Assert.Equal([0], matrix.ColumnsOf(3));
        Assert.Equal([2.0, 4], matrix.ValuesOf(4));
    }

    [Fact]
    public void FromEdges_RepeatsAndBothDirections_AddUpSymmetrically()
    {
        var graph = ImportanceGraph.FromEdges(Nodes(3), [(0, 2, 1), (2, 0, 2), (0, 2, 4), (1, 1, 8), (0, 1, 0)]);
        Assert.Equal([2], graph.NeighboursOf(0).ToArray());
        Assert.Equal([7.0], graph.WeightsOf(0).ToArray());
        Assert.Equal([7.0], graph.WeightsOf(2).ToArray());
        Assert.Equal(0, graph.DegreeOf(1)); // a loop is no edge
    }

    [Theory]
    [InlineData(0, 3, 1)]
    [InlineData(-1, 0, 1)]
    [InlineData(0, 1, -1)]
    [InlineData(0, 1, double.NaN)]
    public void FromEdges_BadEdge_Throws(int first, int second, double weight) =>
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            ImportanceGraph.FromEdges(Nodes(3), [(first, second, weight)])
        );

    internal static UnitNode[] Nodes(int count) =>
        [.. Enumerable.Range(0, count).Select(unit => new UnitNode("s", unit))];

    private static IEnumerable<(int, int, double)> EdgesOneByOne(
        NetworkArchitecture architecture,
        ImportanceScores scores,
        ImportanceGraph graph
    )
    {
        var places = graph.Nodes.Index().ToDictionary(node => node.Item, node => node.Index);
        var widths = architecture.UnitSpaces.ToDictionary(space => space.Name, space => space.Width);
        foreach (var axes in architecture.Weights)
        {
            if (
                axes.Columns is not { } columns
                || !widths.TryGetValue(axes.Rows.Space, out int rowUnits)
                || !widths.TryGetValue(columns.Space, out int columnUnits)
            )
                continue;
            long[] shape = scores.Weights[axes.Name].shape;
            double[] values = TensorValues.ToDoubles(
                scores.Weights[axes.Name].reshape(shape[0], shape[1], -1).sum(2, type: float64)
            );
            for (int i = 0; i < values.Length; i++)
            {
                int row = i / (int)shape[1] / axes.Rows.Inner % rowUnits,
                    column = i % (int)shape[1] / columns.Inner % columnUnits;
                yield return (places[new(axes.Rows.Space, row)], places[new(columns.Space, column)], values[i]);
            }
        }
    }

    private static ImportanceScores Ones(NetworkArchitecture architecture)
    {
        using var scope = NewDisposeScope();
        using var weights = WeightTransfer.RandomWeights(architecture, 0);
        return new ImportanceScores(
            1,
            weights.Map((_, weight) => ones_like(weight)),
            new Dictionary<string, double[,]>()
        );
    }
}
