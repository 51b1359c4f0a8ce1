using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Tests.Devices;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Exchanges;

public class DeltaApplierTests
{
    [Fact]
    public void Apply_WholeUpdate_EqualsTheAveragerBitForBit()
    {
        using var start = TestWeights.Network(1);
        using var delta = TestWeights.Network(2);
        using var averaged = Packing.Averaged(start, [delta]);
        using var applied = DeltaApplier.Apply(start, new DenseExchange().Compress(delta));
        TestWeights.AssertSameBits(averaged, applied);
    }

    [Fact]
    public void Apply_OnCoordinatorAndNode_GivesTheSameBits()
    {
        using var start = TestWeights.Network(1);
        using var copy = start.Clone();
        using var one = TestWeights.Network(2);
        using var other = TestWeights.Network(3);
        var compressor = new HalfPrecisionExchange(new SvdExchange(4));
        var mean = MergedDelta.Mean([compressor.Compress(one), compressor.Compress(other)], [0.5, 0.5])!;
        using var coordinator = DeltaApplier.Apply(start, mean);
        // whatever order it arrives in
        using var node = DeltaApplier.Apply(copy, new CompressedDelta([.. mean.Tensors.Reverse()]));
        TestWeights.AssertSameBits(coordinator, node);
        Assert.Equal(start.Keys, node.Keys);
    }

    [Fact]
    public void Apply_VarianceDrivenBelowZero_StaysPositiveAsInTheAverager()
    {
        using var start = TestWeights.Of(("norm.running_var", [1f, 1f], [2]), ("norm.running_mean", [1f, 1f], [2]));
        using var delta = TestWeights.Of(("norm.running_var", [-3f, 1f], [2]), ("norm.running_mean", [-3f, 1f], [2]));
        using var averaged = Packing.Averaged(start, [delta]);
        using var applied = DeltaApplier.Apply(start, new DenseExchange().Compress(delta));
        Assert.Equal([1.17549435e-38f, 2f], applied.Values("norm.running_var"));
        TestWeights.AssertSameBits(averaged, applied);
    }

    [Fact]
    public void Apply_Product_IsRoundedOnce()
    {
        using var start = TestWeights.Of(("m", [1, 1, 1, 1, 1, 1, 1, 1, 1], [3, 3]));
        // the product is 2^-24 (1 + 2^-24): in float32 it would lose the part that decides the tie
        const float step = 1f / 4096;
        byte[] left = [.. Enumerable.Repeat(MathF.BitIncrement(step), 3).SelectMany(BitConverter.GetBytes)];
        byte[] right = [.. Enumerable.Repeat(MathF.BitDecrement(step), 3).SelectMany(BitConverter.GetBytes)];
        using var applied = DeltaApplier.Apply(
            start,
            new CompressedDelta([new ProductTensor("m", [3, 3], 1, left, right)])
        );
        Assert.All(applied.Values("m"), value => Assert.Equal(MathF.BitIncrement(1), value));
    }

    [Fact]
    public void Apply_UpdateOfAnotherModule_IsRefused()
    {
        using var start = TestWeights.Vector(1, 2);
        using var delta = TestWeights.Vector(1, 2, 3);
        var error = Assert.Throws<ArgumentException>(() =>
            DeltaApplier.Apply(start, new DenseExchange().Compress(delta))
        );
        Assert.Contains("'w' has shape [3]; the base weights have [2]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Apply_SumThatOverflows_IsRefused()
    {
        using var start = TestWeights.Vector(3e38f);
        var error = Assert.Throws<ArgumentException>(() =>
            DeltaApplier.Apply(start, new DenseExchange().Compress(start))
        );
        Assert.Contains(
            "'w' of the merged weights holds a value that is not finite",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Apply_InsideAScope_ResultOutlivesItAndNothingLeaks()
    {
        using var start = TestWeights.Network(1);
        var delta = new SvdExchange(4).Compress(start);
        Dmkd.Core.Tensors.WeightSet applied;
        using (NewDisposeScope())
            applied = DeltaApplier.Apply(start, delta);
        using (applied)
            Assert.True(applied["conv.weight"].isfinite().all().item<bool>());
        Assert.Equal(0, LiveTensors.Change(() => DeltaApplier.Apply(start, delta).Dispose()));
    }
}
