using Dmkd.Core.Models;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Modules;

public sealed class NamedArchitectureTests
{
    [Theory]
    // 442,368 + 14,155,776 + 12,976,128 + 12,976,128 + 640 by hand; published: 40.55 M
    [InlineData("resnet20", 32, 10, 40_551_040)]
    [InlineData("resnet20-b", 32, 10, 40_551_040 + 2 * 131_072)] // 16·32·256 and 32·64·64
    [InlineData("resnet18", 224, 1000, 1_814_073_344)] // 118,013,952 + 462,422,016 + 3 · 411,041,792 + 512,000
    [InlineData("resnet34", 224, 1000, 3_663_761_408)] // published: 3.66 G
    [InlineData("resnet50", 224, 1000, 4_089_184_256)] // published: 4.09 G
    [InlineData("vgg11-bn", 224, 1000, 7_609_090_048)] // published: 7.61 G
    [InlineData("vgg16-bn", 224, 1000, 15_470_264_320)] // published: 15.47 G
    [InlineData("mlp", 32, 10, 3072 * 512 + 512 * 256 + 256 * 10)]
    public void MultiplyAdds_PublishedNetworks_AreTheHandComputedOnes(
        string name,
        int size,
        int outputs,
        long expected
    ) => Assert.Equal(expected, ArchitectureCatalog.Named(name, outputs, size).MultiplyAdds);

    [Theory]
    [InlineData("resnet20", 32, 10, 269_722)]
    [InlineData("resnet32", 32, 10, 464_154)]
    [InlineData("resnet44", 32, 10, 658_586)]
    [InlineData("resnet56", 32, 10, 853_018)]
    [InlineData("resnet18", 224, 1000, 11_689_512)]
    [InlineData("resnet34", 224, 1000, 21_797_672)]
    [InlineData("resnet50", 224, 1000, 25_557_032)]
    [InlineData("resnet18", 32, 10, 11_173_962)]
    [InlineData("vgg11-bn", 224, 1000, 132_868_840)]
    [InlineData("vgg13-bn", 224, 1000, 133_053_736)]
    [InlineData("vgg16-bn", 224, 1000, 138_365_992)]
    [InlineData("vit-tiny", 224, 1000, 5_717_416)]
    public void ParameterCount_PublishedNetworks_AreThePublishedOnes(
        string name,
        int size,
        int outputs,
        long expected
    ) => Assert.Equal(expected, ArchitectureCatalog.Named(name, outputs, size).ParameterCount);

    [Fact]
    public void Weights_OfResNet20_AreNamedAsPublished()
    {
        string[] names = [.. ArchitectureCatalog.Named("resnet20", 10).Weights.Select(axes => axes.Name)];
        Assert.Equal(19 + 19 * 4 + 2, names.Length);
        Assert.Equal(
            ["conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var", "layer1.0.conv1.weight"],
            names[..6]
        );
        Assert.Equal(["linear.weight", "linear.bias"], names[^2..]);
        Assert.Contains("layer3.2.bn2.running_var", names);
        Assert.Contains(
            "layer2.0.shortcut.1.running_var",
            ArchitectureCatalog.Named("resnet20-b", 10).Weights.Select(axes => axes.Name)
        );
    }

    [Theory]
    [InlineData("resnet18", "layer2.0.downsample.1.running_var", "fc.weight")]
    [InlineData("resnet50", "layer1.0.downsample.0.weight", "layer4.2.bn3.weight")]
    [InlineData("vgg16-bn", "features.40.weight", "features.41.running_mean")]
    [InlineData("vit-tiny", "blocks.11.attn.qkv.bias", "patch_embed.proj.weight")]
    public void Weights_OfPublishedNetworks_AreNamedAsPublished(string name, params string[] weights) =>
        Assert.Subset(
            ArchitectureCatalog.Named(name, 10).Weights.Select(axes => axes.Name).ToHashSet(),
            weights.ToHashSet()
        );

    [Fact]
    public void Weights_OfVgg16ForPhotographs_EndInTorchvisionsClassifier() =>
        Assert.Equal(
            [
                "classifier.0.weight",
                "classifier.0.bias",
                "classifier.3.weight",
                "classifier.3.bias",
                "classifier.6.weight",
                "classifier.6.bias",
            ],
            ArchitectureCatalog.Named("vgg16-bn", 1000, 224).Weights.Select(axes => axes.Name).TakeLast(6)
        );

    [Fact]
    public void Named_EveryName_IsReadBackFromItsText() =>
        Assert.All(
            ArchitectureCatalog.Names,
            name =>
            {
                var architecture = ArchitectureCatalog.Named(name, 7, 32);
                Assert.Equal(architecture, ArchitectureCatalog.Parse(architecture.ToString()));
                Assert.Equal((7, 32), (architecture.OutputCount, architecture.InputShape[1]));
            }
        );

    /// <summary>The weights have the same shapes, so only the name can tell.</summary>
    [Theory]
    [InlineData("resnet18")]
    [InlineData("resnet50")]
    public void Build_StemWithPooling_TakesTheSameWeightsAndComputesAnotherFunction(string name)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        using var noGrad = TorchSharp.torch.no_grad();
        var plain = ArchitectureCatalog.Named(name, 4, 16);
        var pooled = ArchitectureCatalog.Named($"{name}-pool", 4, 16);
        Assert.Equal(pooled, ArchitectureCatalog.Parse(pooled.ToString()));
        Assert.True(pooled.MultiplyAdds < plain.MultiplyAdds / 2);
        using var generator = new TorchSharp.torch.Generator(1);
        using var first = plain.Build(generator);
        using var weights = Dmkd.Core.Tensors.WeightSet.CopyOf(first);
        using var mapped = StateDictMapper.Map(pooled, weights);
        using var one = NetworkLoader.Load(plain, mapped, TorchSharp.torch.CPU);
        using var other = NetworkLoader.Load(pooled, mapped, TorchSharp.torch.CPU);
        var image = TorchSharp.torch.rand([1, 3, 16, 16], generator: generator);
        Assert.False(one.forward(image).allclose(other.forward(image)));
    }

    [Fact]
    public void Named_UnknownName_ListsTheKnownOnes()
    {
        var error = Assert.Throws<ArgumentException>(() => ArchitectureCatalog.Named("resnet19", 10));
        Assert.Contains("'resnet19'", error.Message, StringComparison.Ordinal);
        Assert.Contains("resnet20", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cifar-resnet()")]
    [InlineData("cifar-resnet(c;3x32x32;16;16;;10)")]
    [InlineData("cifar-resnet(a;3x32x32;16;16;10)")]
    [InlineData("cifar-resnet(a;3x32x32;16-32;16-32;;10)")]
    [InlineData("cifar-resnet(a;3x32x32;16-32;16-32;x8.0+16.x9;10)")]
    [InlineData("cifar-resnet(a;3x32x32;16-32;16-32;x8.1+16.x8;10)")]
    [InlineData("cifar-resnet(a;3x32x32;16-32;16-32;x99999999;10)")]
    [InlineData("cifar-resnet(b;3x32x32;16-32;16;10)")]
    [InlineData("cifar-resnet(b;3x32x32;0;16;10)")]
    [InlineData("mlp(3x8x8;;4)")]
    [InlineData("resnet(basic;3;3x16x16;4-5-6;4.3-5;3)")]
    [InlineData("resnet(bottleneck;3;3x16x16;4-8;3.4.5;3)")]
    [InlineData("resnet(basic;5;3x16x16;4-4;4;3)")]
    [InlineData("resnet(other;3;3x16x16;4-4;4;3)")]
    [InlineData("vgg(3x16x16;;;3)")]
    [InlineData("vgg(3x4x4;4-4-4;;3)")]
    [InlineData("vit(5;3x16x16;12;4;3-4;9-10;5)")]
    [InlineData("vit(0;3x16x16;12;4;3-4;9-10;5)")]
    [InlineData("vit(4;3x16x16;12;4;3-4;9;5)")]
    public void Parse_BadText_IsNamedInTheError(string text)
    {
        var error = Assert.Throws<FormatException>(() => ArchitectureCatalog.Parse(text));
        Assert.Contains($"'{text}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Forward_OptionA_PadsAsPublished()
    {
        // All weights of the blocks 0: each block is its shortcut. Channel 4 of stage 2 is channel 0 of stage 1, every
        // second pixel.
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var generator = new Generator(1);
        using var network = ArchitectureCatalog.Named("resnet20", 10).Build(generator);
        network.eval();
        foreach (var (name, weight) in network.named_parameters())
        {
            if (name.StartsWith("layer", StringComparison.Ordinal))
                weight.zero_();
        }

        var input = randn([2, 3, 32, 32], generator: generator);
        var stem = nn.functional.relu(
            nn.functional.conv2d(input, network.get_parameter("conv1.weight")!, padding: [1, 1]) / Math.Sqrt(1 + 1e-5)
        );
        var quarter = stem.slice(2, 0, 32, 4).slice(3, 0, 32, 4).mean([2, 3]);
        var features = network.Features(input);
        // 8 zeros before in stage 2, 16 in stage 3
        Dmkd.Core.Tests.Preservation.TensorAssert.Close(quarter, features.narrow(1, 24, 16), 1e-5);
        Assert.Equal(0, features.narrow(1, 0, 24).abs().sum().item<float>());
        Assert.Equal(0, features.narrow(1, 40, 24).abs().sum().item<float>());
    }
}
