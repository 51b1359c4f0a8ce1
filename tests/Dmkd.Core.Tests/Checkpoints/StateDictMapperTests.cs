using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Devices;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Checkpoints;

public class StateDictMapperTests
{
    private static readonly ConvNetArchitecture Architecture = new(3, 8, [2, 3], 4);

    [Theory]
    [InlineData("{0}")]
    [InlineData("module.{0}")]
    [InlineData("_orig_mod.module.model.{0}")]
    [InlineData("net.backbone.{0}")]
    [InlineData("student.v2.{0}")] // any part that all share
    public void Map_Wrapped_FindsEveryWeight(string pattern)
    {
        using var scope = NewDisposeScope();
        using var source = Weights();
        var tensors = source.ToDictionary(weight => string.Format(null, pattern, weight.Key), weight => weight.Value);
        tensors[string.Format(null, pattern, "norm1.num_batches_tracked")] = tensor(5L);
        using var mapped = StateDictMapper.Map(Architecture, tensors);
        Assert.Equal(source.Keys, mapped.Keys);
        foreach (var (name, weight) in source)
            Assert.True(weight.equal(mapped[name]).all().item<bool>(), name);
    }

    [Theory]
    [InlineData("fc")]
    [InlineData("linear")]
    [InlineData("classifier")]
    public void Map_OtherNameOfTheHead_FindsIt(string head)
    {
        using var source = Weights();
        using var mapped = StateDictMapper.Map(
            Architecture,
            source.ToDictionary(
                weight => weight.Key.Replace("head.", $"{head}.", StringComparison.Ordinal),
                weight => weight.Value
            )
        );
        Assert.Equal(source.Keys, mapped.Keys);
    }

    [Fact]
    public void FindOutputCount_OtherNamesAndOutputs_IsTheHeadsRows()
    {
        using var source = Weights();
        var tensors = source.ToDictionary(
            weight => $"module.{weight.Key.Replace("head.", "fc.", StringComparison.Ordinal)}",
            weight => weight.Value
        );
        Assert.Equal(
            Architecture.OutputCount,
            StateDictMapper.FindOutputCount(new ConvNetArchitecture(3, 8, [2, 3], 1), tensors)
        );
    }

    [Fact]
    public void FindOutputCount_NoHead_IsNull()
    {
        using var source = Weights();
        var tensors = source
            .Where(weight => !weight.Key.StartsWith("head.", StringComparison.Ordinal))
            .ToDictionary(StringComparer.Ordinal);
        Assert.Null(StateDictMapper.FindOutputCount(Architecture, tensors));
    }

    [Theory]
    [InlineData("layer2.0.downsample.1.running_mean", "layer2.0.shortcut.1.running_mean")]
    [InlineData("layer1.0.shortcut.0.weight", "layer1.0.downsample.0.weight")]
    [InlineData("head.bias", "classifier.bias")]
    public void Canonical_Synonyms_AreEqual(string one, string other) =>
        Assert.Equal(WeightNames.Canonical(one), WeightNames.Canonical(other));

    [Fact]
    public void Map_HalfPrecisionAndTransposed_GivesContiguousFloat32()
    {
        using var scope = NewDisposeScope();
        using var source = Weights();
        var tensors = source.ToDictionary(
            weight => weight.Key,
            weight =>
                weight.Key == "head.weight" ? weight.Value.t().contiguous().t() : weight.Value.to(ScalarType.Float16)
        );
        using var mapped = StateDictMapper.Map(Architecture, tensors);
        Assert.All(mapped.Values, weight => Assert.True(weight.dtype == ScalarType.Float32 && weight.is_contiguous()));
        Assert.True(source["head.weight"].equal(mapped["head.weight"]).all().item<bool>());
    }

    [Fact]
    public void Map_Mismatch_ListsEveryDifference()
    {
        using var scope = NewDisposeScope();
        using var source = Weights();
        var tensors = source
            .Where(weight => weight.Key != "norm2.bias")
            .ToDictionary(weight => $"module.{weight.Key}", weight => weight.Value);
        tensors["module.head.weight"] = ones(10, 3);
        tensors["module.conv1.weight"] = ones([2, 3, 3, 3], ScalarType.Int8);
        tensors[$"module.extra\n{new string('x', 200)}.weight"] = ones(1);
        var error = Assert.Throws<CheckpointMismatchException>(() => StateDictMapper.Map(Architecture, tensors));
        Assert.Equal(["norm2.bias"], error.Missing);
        Assert.Single(error.Unexpected, name => name.StartsWith("module.extra", StringComparison.Ordinal));
        Assert.Equal(["conv1.weight", "head.weight"], error.WronglyShaped.Select(weight => weight.Name));
        Assert.Equal([10L, 3], error.WronglyShaped[1].Actual);
        Assert.Equal([4L, 3], error.WronglyShaped[1].Expected);
        Assert.Equal(ScalarType.Int8, error.WronglyShaped[0].ActualType);
        Assert.Contains("1 weights missing, 1 unexpected, 2 of another shape", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        string[] lines = error.Table().TrimEnd().Split('\n');
        Assert.Equal(5, lines.Length);
        Assert.All(lines, line => Assert.InRange(line.Length, 1, 100));
    }

    [Fact]
    public void Map_TwoNetworksInOneFile_ReportsTheSecondAsUnexpected()
    {
        using var source = Weights();
        var tensors = source
            .Concat(source.Select(weight => KeyValuePair.Create($"module.{weight.Key}", weight.Value)))
            .ToDictionary();
        var error = Assert.Throws<CheckpointMismatchException>(() => StateDictMapper.Map(Architecture, tensors));
        Assert.Equal(source.Count, error.Unexpected.Count);
    }

    [Fact]
    public void Map_NoTensors_ReportsEveryWeightMissing() =>
        Assert.Equal(
            12,
            Assert
                .Throws<CheckpointMismatchException>(() =>
                    StateDictMapper.Map(Architecture, new Dictionary<string, Tensor>())
                )
                .Missing.Count
        );

    [Fact]
    public void Map_LeaksNoTensor()
    {
        using var source = Weights();
        Assert.Equal(0, LiveTensors.Change(() => StateDictMapper.Map(Architecture, source).Dispose()));
        Assert.Equal(
            0,
            LiveTensors.Change(() =>
                Assert.Throws<CheckpointMismatchException>(() =>
                    StateDictMapper.Map(new ConvNetArchitecture(3, 8, [2, 3], 5), source)
                )
            )
        );
    }

    private static WeightSet Weights()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7);
        using var network = Architecture.Build(generator);
        return WeightSet.CopyOf(network);
    }
}
