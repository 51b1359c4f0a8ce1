using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Preservation;

public sealed class ImportanceScorerTests
{
    private static readonly ImportanceOptions Options = new() { BatchSize = 5 };

    [Fact]
    public void Score_HeadBias_IsMagnitudeTimesMeanOverBatchesOfAbsoluteGradient()
    {
        using var scope = NewDisposeScope();
        using var network = PlantedNetwork.Build();
        var (inputs, labels) = PlantedNetwork.Data();
        using var scores = ImportanceScorer.Score(network, inputs, labels, 4, Options);

        // The gradient of the head's bias is the batch mean of p - y.
        using var noGrad = no_grad();
        network.eval();
        var expected = zeros(4);
        for (int label = 0; label < 4; label++)
        {
            var p = nn.functional.softmax(
                network.forward(inputs.index_select(0, labels.eq(label).nonzero().reshape(-1))),
                1
            );
            p[.., label] -= 1;
            foreach (var batch in p.split(5))
                expected += batch.mean([0]).abs() * (batch.shape[0] / 12.0) / 4;
        }

        // fp32, values below 1
        TensorAssert.Close(expected * network.get_parameter("head.bias")!.abs(), scores.Weights["head.bias"], 1e-6);
    }

    [Fact]
    public void Score_EveryParameter_IsScoredOnceAndNoStatisticIs()
    {
        using var scope = NewDisposeScope();
        using var network = PlantedNetwork.Build();
        var (inputs, labels) = PlantedNetwork.Data();
        using var scores = ImportanceScorer.Score(network, inputs, labels, 4, Options);
        Assert.Equal(network.named_parameters().Select(p => p.name).Order(), scores.Weights.Keys.Order());
        Assert.All(scores.Weights.Values, score => Assert.True(score.min().item<float>() >= 0));
    }

    [Fact]
    public void Score_UnitsByClass_AverageToTheSumOverTheParametersThatWriteToTheUnit()
    {
        using var scope = NewDisposeScope();
        using var network = PlantedNetwork.Build();
        var (inputs, labels) = PlantedNetwork.Data();
        using var scores = ImportanceScorer.Score(network, inputs, labels, 4, Options);
        for (int unit = 0; unit < 12; unit++)
        {
            double expected = new[] { "conv2.weight", "norm2.weight", "norm2.bias" }.Sum(name =>
                scores.Weights[name][unit].sum().item<float>()
            );
            double mean = Enumerable.Range(0, 4).Average(label => scores.UnitsByClass["conv2"][label, unit]);
            Assert.Equal(expected, mean, 1e-5); // fp32 sums of some 70 values
        }
    }

    [Fact]
    public void Score_RestoresModeStatisticsAndWeightsAndZeroesGradients()
    {
        using var scope = NewDisposeScope();
        using var network = PlantedNetwork.Build();
        network.train();
        var (inputs, labels) = PlantedNetwork.Data();
        using var before = WeightSet.CopyOf(network);
        using var scores = ImportanceScorer.Score(network, inputs, labels, 4, Options);
        using var after = WeightSet.CopyOf(network);
        Assert.True(network.training);
        TensorAssert.Identical(before, after);
        Assert.All(network.parameters(), p => Assert.Equal(0, p.grad?.abs().sum().item<float>() ?? 0));
    }

    [Fact]
    public void Score_Twice_IsBitEqual()
    {
        using var scope = NewDisposeScope();
        using var network = PlantedNetwork.Build();
        var (inputs, labels) = PlantedNetwork.Data();
        using var first = ImportanceScorer.Score(network, inputs, labels, 4, Options);
        using var second = ImportanceScorer.Score(network, inputs, labels, 4, Options);
        TensorAssert.Identical(first.Weights, second.Weights);
    }

    [Fact]
    public void Score_ClassWithoutInput_Throws()
    {
        using var scope = NewDisposeScope();
        using var network = PlantedNetwork.Build();
        var (inputs, labels) = PlantedNetwork.Data();
        var error = Assert.Throws<ArgumentException>(() =>
            ImportanceScorer.Score(network, inputs, labels % 3, 4, Options)
        );
        Assert.Contains("class 3", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(5)]
    public void Score_ClassCountOutOfRange_Throws(int classCount)
    {
        using var scope = NewDisposeScope();
        using var network = PlantedNetwork.Build();
        var (inputs, labels) = PlantedNetwork.Data();
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            ImportanceScorer.Score(network, inputs, labels, classCount, Options)
        );
    }
}
