using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Preservation;

/// <summary>No public method leaves a tensor behind that its caller was not given.</summary>
public sealed class LeakTests
{
    [Theory]
    [InlineData("score")]
    [InlineData("score, bad labels")]
    [InlineData("magnitude")]
    [InlineData("graph")]
    [InlineData("partition")]
    [InlineData("plan")]
    [InlineData("cut")]
    [InlineData("random")]
    [InlineData("PyTorch's scale")]
    [InlineData("blend")]
    public void Method_LeaksNoTensor(string method)
    {
        using var scope = NewDisposeScope();
        using var network = PlantedNetwork.Build();
        var (inputs, labels) = PlantedNetwork.Data();
        var badLabels = labels % 3;
        using var scores = ImportanceScorer.Score(network, inputs, labels, 4, new());
        using var weights = WeightSet.CopyOf(network);
        var graph = ImportanceGraph.Build(network.Architecture, scores);
        Action action = method switch
        {
            "score" => () => ImportanceScorer.Score(network, inputs, labels, 4, new()).Dispose(),
            "score, bad labels" => () =>
                Assert.Throws<ArgumentException>(() => ImportanceScorer.Score(network, inputs, badLabels, 4, new())),
            "magnitude" => () => ImportanceScorer.Magnitude(network, 4).Dispose(),
            "graph" => () => ImportanceGraph.Build(network.Architecture, scores),
            "partition" => () => SpectralPartitioner.Partition(graph, 2, new()),
            "plan" => () => PreservationPlanner.Plan(network.Architecture, scores, new()),
            "cut" => () =>
                WeightTransfer
                    .Cut(network.Architecture, weights, UnitSelection.All(network.Architecture), [0, null])
                    .Weights.Dispose(),
            "random" => () => WeightTransfer.RandomWeights(network.Architecture, 1).Dispose(),
            "PyTorch's scale" => () => WeightTransfer.AtPyTorchScale(weights).Dispose(),
            _ => () => WeightTransfer.Blend(network.Architecture, weights, weights, 0.5, [0, 1, null, 3]).Dispose(),
        };
        AssertNoLeak(action);
    }

    [Fact]
    public void AssertNoLeak_ForgottenDispose_Fails()
    {
        WeightSet? forgotten = null;
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() =>
            AssertNoLeak(() => forgotten = WeightTransfer.RandomWeights(PlantedNetwork.Architecture, 1))
        );
        forgotten?.Dispose();
    }

    internal static void AssertNoLeak(Action action)
    {
        action(); // the first call may fill caches that live as long as the network
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        action();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}
