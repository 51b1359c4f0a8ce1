using Dmkd.Core.Merging.Alignment;
using Dmkd.Core.Models;
using Dmkd.Core.Tests.Preservation;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Alignment;

public sealed class ActivationTraceTests
{
    public static TheoryData<string> Texts => AlignmentNetworks.Texts;

    [Theory]
    [MemberData(nameof(Texts))]
    public void Run_Network_GivesItsOwnFeaturesBitForBit(string text)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = AlignmentNetworks.Build(ArchitectureCatalog.Parse(text));
        var inputs = AlignmentNetworks.Inputs(network.Architecture);
        TensorAssert.Identical(network.Features(inputs), ActivationTrace.Run(network, inputs, (_, _) => { }));
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void Run_Network_ShowsEverySpaceOnceAfterTheRelu(string text)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = AlignmentNetworks.Build(ArchitectureCatalog.Parse(text));
        var inputs = AlignmentNetworks.Inputs(network.Architecture);
        Dictionary<string, int> widths = [];
        ActivationTrace.Run(
            network,
            inputs,
            (space, activations) =>
            {
                widths.Add(space, (int)activations.shape[1]);
                Assert.Equal(inputs.shape[0], activations.shape[0]);
                Assert.True(activations.min().item<float>() >= 0);
            }
        );
        Assert.Equal(network.Architecture.UnitSpaces.ToDictionary(space => space.Name, space => space.Width), widths);
    }

    [Theory]
    [InlineData("cifar-resnet(b;3x16x16;4-8-16;4.3-6.5-7.8;5)", "layer3")]
    [InlineData("resnet(basic;3;3x16x16;4-4-6;4.3-5;3)", "layer2")]
    [InlineData("convnet(3x16x16;6-5-7;4)", "conv3")]
    public void Run_LastSpace_IsShownBeforeItIsPooled(string text, string lastSpace)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = AlignmentNetworks.Build(ArchitectureCatalog.Parse(text));
        var inputs = AlignmentNetworks.Inputs(network.Architecture);
        Tensor? last = null;
        ActivationTrace.Run(
            network,
            inputs,
            (space, activations) =>
            {
                if (space == lastSpace)
                    last = activations.mean([2, 3]).MoveToOtherDisposeScope(scope);
            }
        );
        TensorAssert.Close(network.Features(inputs), last!, 1e-6); // float32 means in another order
    }

    [Fact]
    public void Run_Transformer_IsNotSupportedAndNamed()
    {
        using var scope = NewDisposeScope();
        using var network = AlignmentNetworks.Build(ArchitectureCatalog.Parse(AlignmentNetworks.Transformer));
        var inputs = AlignmentNetworks.Inputs(network.Architecture);
        var error = Assert.Throws<NotSupportedException>(() => ActivationTrace.Run(network, inputs, (_, _) => { }));
        Assert.Contains("'vit'", error.Message, StringComparison.Ordinal);
    }
}
