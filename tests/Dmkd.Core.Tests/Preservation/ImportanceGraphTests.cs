using Dmkd.Core.Modules;
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
        Assert.Throws<ArgumentOutOfRangeException>(() => ImportanceGraph.FromEdges(Nodes(3), [(first, second, weight)]));

    internal static UnitNode[] Nodes(int count) => [.. Enumerable.Range(0, count).Select(unit => new UnitNode("s", unit))];

    private static ImportanceScores Ones(NetworkArchitecture architecture)
    {
        using var scope = NewDisposeScope();
        using var weights = WeightTransfer.RandomWeights(architecture, 0);
        return new ImportanceScores(1, weights.Map((_, weight) => ones_like(weight)), new Dictionary<string, double[,]>());
    }
}
