using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Modules;

public class ConvNetArchitectureTests
{
    [Theory]
    [InlineData("convnet(1x4x4;2;3)", 9 * 1 * 2 * 16 + 2 * 3)]
    [InlineData("convnet(3x8x8;4-5;2)", 9 * 3 * 4 * 64 + 9 * 4 * 5 * 16 + 5 * 2)] // 8x8, halved once
    [InlineData("convnet(3x16x16;4-4-4-4;2)", 9 * 3 * 4 * 256 + 9 * 4 * 4 * (64 + 16 + 16) + 4 * 2)] // never below 4x4
    public void MultiplyAdds_SmallNets_AreTheHandComputedOnes(string text, long expected) =>
        Assert.Equal(expected, ArchitectureCatalog.Parse(text).MultiplyAdds);

    [Fact]
    public void Weights_AreExactlyTheFloatingStateWithMatchingShapes()
    {
        var architecture = ArchitectureCatalog.Parse("convnet(3x16x16;4-5-6;7)");
        using var generator = new Generator(1);
        using var network = architecture.Build(generator);
        using var state = WeightSet.CopyOf(network);
        Assert.Equal(architecture.Weights.Select(axes => axes.Name).Order(), state.Keys.Order());
        foreach (var axes in architecture.Weights)
        {
            long[] shape = state[axes.Name].shape;
            Assert.Equal(Width(architecture, axes.Rows.Space), shape[0]);
            if (axes.Columns is null)
                Assert.Single(shape);
            else
                Assert.Equal(Width(architecture, axes.Columns.Space), shape[1]);
        }
    }

    [Fact]
    public void Resize_WidthsByName_KeepsTheRest()
    {
        var architecture = ArchitectureCatalog.Parse("convnet(3x16x16;4-5;7)");
        var widths = new Dictionary<string, int>
        {
            [architecture.UnitSpaces[0].Name] = 2,
            [architecture.UnitSpaces[1].Name] = 3,
        };
        Assert.Equal("convnet(3x16x16;2-3;4)", architecture.Resize(widths, 4).ToString());
    }

    [Fact]
    public void Build_SameSeed_GivesTheSameWeights()
    {
        using var one = Weights(5);
        using var same = Weights(5);
        using var other = Weights(6);
        foreach (var (name, tensor) in one)
            Assert.True(tensor.bytes.SequenceEqual(same[name].bytes), name);
        Assert.False(one["conv1.weight"].bytes.SequenceEqual(other["conv1.weight"].bytes));
    }

    [Fact]
    public void Forward_Batch_GivesLogitsAndFeaturesOfTheirShapes()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        using var network = ArchitectureCatalog.Parse("convnet(3x16x16;4-5;7)").Build(generator);
        var input = randn([2, 3, 16, 16], generator: generator);
        Assert.Equal([2, 7], network.forward(input).shape);
        Assert.Equal([2, 5], network.Features(input).shape);
    }

    private static int Width(NetworkArchitecture architecture, string space) =>
        space switch
        {
            UnitSpace.Input => architecture.InputShape[0],
            UnitSpace.Output => architecture.OutputCount,
            _ => architecture.UnitSpaces.Single(s => s.Name == space).Width,
        };

    private static WeightSet Weights(ulong seed)
    {
        using var generator = new Generator(seed);
        using var network = ArchitectureCatalog.Parse("convnet(3x16x16;4-5;7)").Build(generator);
        return WeightSet.CopyOf(network);
    }
}
