using Dmkd.Core.Preservation;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Preservation;

/// <summary>The steps of proposal 3.2 one after the other.</summary>
public sealed class PreservationTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void PlantedBlocks_AreFoundExactly(ulong seed)
    {
        using var scope = NewDisposeScope();
        using var network = PlantedNetwork.Build(seed);
        var (inputs, labels) = PlantedNetwork.Data();
        using var scores = ImportanceScorer.Score(network, inputs, labels, 4, new());
        var graph = ImportanceGraph.Build(network.Architecture, scores);
        int[] clusterOfNode = SpectralPartitioner.Partition(graph, 2, new());
        Assert.Equal(graph.Nodes.Select(node => PlantedNetwork.BlockOf(node.Unit)), clusterOfNode);

        int[] clusterOfClass = ClassAssignment.Assign(
            scores,
            graph,
            clusterOfNode,
            [
                [0],
                [1],
                [2],
                [3],
            ],
            2
        );
        Assert.Equal([0, 0, 1, 1], clusterOfClass);

        var selection = UnitSelector.Select(network.Architecture, scores, graph, clusterOfNode, 1, [2, 3], new());
        Assert.Equal([1, 3, 5, 7], selection["conv1"]);
        Assert.Equal([1, 3, 5, 7, 9, 11], selection["conv2"]);
    }
}
