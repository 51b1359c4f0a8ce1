using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Devices;
using Dmkd.Core.Tests.Preservation;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Checkpoints;

public sealed class NetworkLoaderTests
{
    private const string Text = "convnet(3x8x8;4-5;2)";
    private static readonly NetworkArchitecture Architecture = ArchitectureCatalog.Parse(Text);

    [Fact]
    public void Load_StoredNetwork_HasItsWeightsAndIsInEvaluationMode()
    {
        using var weights = WeightTransfer.RandomWeights(Architecture, 5);
        using var network = NetworkLoader.Load(Text, WeightCodec.Encode(weights), CPU);
        using var loaded = WeightSet.CopyOf(network);
        Assert.Equal((Text, false), (network.Architecture.ToString(), network.training));
        TensorAssert.Identical(weights, loaded);
    }

    [Fact]
    public void Load_WithAGenerator_AdvancesItAsBuildingDoes()
    {
        using var scope = NewDisposeScope();
        using var weights = WeightTransfer.RandomWeights(Architecture, 5);
        using var loading = new Generator(3);
        using var building = new Generator(3);
        using var loaded = NetworkLoader.Load(Architecture, weights, CPU, loading);
        using var built = Architecture.Build(building);
        TensorAssert.Identical(rand(8, generator: building), rand(8, generator: loading));
    }

    [Fact]
    public void Load_OtherWeights_NamesThemAndLeaksNothing()
    {
        using var weights = WeightTransfer.RandomWeights(ArchitectureCatalog.Parse("convnet(3x8x8;4-6;2)"), 5);
        byte[] content = WeightCodec.Encode(weights);
        Assert.Equal(
            0,
            LiveTensors.Change(() =>
                Assert.Contains(
                    "'conv2.weight'",
                    Assert.Throws<ArgumentException>(() => NetworkLoader.Load(Text, content, CPU)).Message,
                    StringComparison.Ordinal
                )
            )
        );
    }

    [Fact]
    public void Load_LeaksNoTensor()
    {
        using var weights = WeightTransfer.RandomWeights(Architecture, 5);
        byte[] content = WeightCodec.Encode(weights);
        Assert.Equal(0, LiveTensors.Change(() => NetworkLoader.Load(Text, content, CPU).Dispose()));
    }
}
