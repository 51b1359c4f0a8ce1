using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Preservation;

/// <summary>The control without gradients, <see cref="ImportanceScorer.Magnitude"/>.</summary>
public sealed class MagnitudeScoresTests
{
    [Fact]
    public void Magnitude_EveryParameter_IsItsAbsoluteValue()
    {
        using var scope = NewDisposeScope();
        using var network = PlantedNetwork.Build();
        using var scores = ImportanceScorer.Magnitude(network, 4);
        Assert.Equal(network.named_parameters().Select(p => p.name).Order(), scores.Weights.Keys.Order());
        foreach (var (name, parameter) in network.named_parameters())
            TensorAssert.Identical(parameter.abs(), scores.Weights[name]);
    }

    [Fact]
    public void Magnitude_Units_AreTheSumsOverTheParametersThatWriteToThemForEveryClass()
    {
        using var scope = NewDisposeScope();
        using var network = PlantedNetwork.Build();
        using var scores = ImportanceScorer.Magnitude(network, 3);
        Assert.Equal(3, scores.ClassCount);
        Assert.Equal(["conv1", "conv2", "conv3"], scores.UnitsByClass.Keys.Order());
        for (int unit = 0; unit < 12; unit++)
        {
            double expected = new[] { "conv2.weight", "norm2.weight", "norm2.bias" }.Sum(name =>
                scores.Weights[name][unit].sum().item<float>()
            );
            for (int label = 0; label < 3; label++)
                Assert.Equal(expected, scores.UnitsByClass["conv2"][label, unit], 1e-5); // fp32 sums of some 70 values
        }
    }

    [Fact]
    public void Magnitude_Network_IsLeftAsItWas()
    {
        using var scope = NewDisposeScope();
        using var network = PlantedNetwork.Build();
        network.train();
        using var before = WeightSet.CopyOf(network);
        using (var scores = ImportanceScorer.Magnitude(network, 4))
            scores.Weights["conv1.weight"].zero_();
        using var after = WeightSet.CopyOf(network);
        TensorAssert.Identical(before, after);
        Assert.True(network.training);
        Assert.All(network.parameters(), p => Assert.Null(p.grad));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void Magnitude_ClassCountOutOfRange_Throws(int classCount)
    {
        using var network = PlantedNetwork.Build();
        Assert.Throws<ArgumentOutOfRangeException>(
            nameof(classCount),
            () => ImportanceScorer.Magnitude(network, classCount)
        );
    }
}
