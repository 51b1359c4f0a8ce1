using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Devices;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Modules;

public sealed class WeightSetTests : IDisposable
{
    private readonly Network _network = Build("convnet(3x8x8;4-5;2)", 1);

    public void Dispose() => _network.Dispose();

    [Fact]
    public void CopyOf_Network_CopiesItsState()
    {
        using var weights = WeightSet.CopyOf(_network);
        using (no_grad())
            _network.get_parameter("head.weight")!.zero_();
        Assert.NotEqual(0, weights["head.weight"].abs().sum().item<float>());
        Assert.False(weights["head.weight"].requires_grad);
    }

    [Fact]
    public void CopyTo_OtherNetwork_MakesTheStatesEqual()
    {
        using var other = Build("convnet(3x8x8;4-5;2)", 2);
        using var weights = WeightSet.CopyOf(_network);
        weights.CopyTo(other);
        using var copied = WeightSet.CopyOf(other);
        foreach (var (name, tensor) in weights)
            Assert.True(tensor.bytes.SequenceEqual(copied[name].bytes), name);
        Assert.True(other.get_parameter("head.weight")!.requires_grad);
    }

    [Fact]
    public void CopyTo_OtherWidth_NamesTensorAndShapes()
    {
        using var other = Build("convnet(3x8x8;4-6;2)", 2);
        using var weights = WeightSet.CopyOf(_network);
        var error = Assert.Throws<ArgumentException>(() => weights.CopyTo(other));
        Assert.Contains(
            "'conv2.weight' has shape [5, 4, 3, 3]; convnet(3x8x8;4-6;2) needs [6, 4, 3, 3]",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void CopyTo_FewerOrMoreLayers_NamesTheTensor()
    {
        using var other = Build("convnet(3x8x8;4;2)", 2);
        using var weights = WeightSet.CopyOf(_network);
        using var fewer = WeightSet.CopyOf(other);
        Assert.Contains(
            "'conv2.weight' does not belong",
            Assert.Throws<ArgumentException>(() => weights.CopyTo(other)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "'conv2.weight' of convnet(3x8x8;4-5;2) is missing",
            Assert.Throws<ArgumentException>(() => fewer.CopyTo(_network)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void CopyTo_Refused_ChangesNothing()
    {
        using var before = WeightSet.CopyOf(_network);
        using var other = Build("convnet(3x8x8;4-6;2)", 2);
        using var weights = WeightSet.CopyOf(other);
        Assert.Throws<ArgumentException>(() => weights.CopyTo(_network));
        using var after = WeightSet.CopyOf(_network);
        foreach (var (name, tensor) in before)
            Assert.True(tensor.bytes.SequenceEqual(after[name].bytes), name);
    }

    [Fact]
    public void Clone_Changed_LeavesTheOriginal()
    {
        using var weights = WeightSet.CopyOf(_network);
        using var clone = weights.Clone();
        clone["head.weight"].zero_();
        Assert.Equal(weights.Keys, clone.Keys);
        Assert.NotEqual(0, weights["head.weight"].abs().sum().item<float>());
    }

    [Fact]
    public void Indexer_UnknownName_ListsTheKnownOnes()
    {
        using var weights = WeightSet.CopyOf(_network);
        var error = Assert.Throws<KeyNotFoundException>(() => weights["nope"]);
        Assert.Contains("'nope'; there are: conv1.weight", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_NameTwice_IsRefused()
    {
        using var tensor = ones(1);
        Assert.Throws<ArgumentException>(() =>
            new WeightSet([KeyValuePair.Create("w", tensor), KeyValuePair.Create("w", tensor)]).Dispose()
        );
    }

    [Fact]
    public void Sizes_CountEveryValue()
    {
        using var weights = WeightSet.CopyOf(_network);
        Assert.Equal(4 * 3 * 9 + 4 * 4 + 5 * 4 * 9 + 4 * 5 + 2 * 5 + 2, weights.ElementCount);
        Assert.Equal(4 * weights.ElementCount, weights.DenseBytes);
    }

    [Fact]
    public void CopyOfCloneMapCopyTo_LeakNoTensor() =>
        Assert.Equal(
            0,
            LiveTensors.Change(() =>
            {
                using var weights = WeightSet.CopyOf(_network);
                using var clone = weights.Clone();
                using var doubled = weights.Map((_, tensor) => tensor * 2);
                clone.CopyTo(_network);
            })
        );

    private static Network Build(string architecture, ulong seed)
    {
        using var generator = new Generator(seed);
        return ArchitectureCatalog.Parse(architecture).Build(generator);
    }
}
