using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Devices;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Exchanges;

public class MergedDeltaTests
{
    private static readonly DenseExchange Dense = new();
    private static readonly SvdExchange Svd = new(2);

    [Fact]
    public void Mean_WholeInFp32_IsNotWorthSending() =>
        Assert.Null(Mean(Dense, [0.5, 0.5], TestWeights.Network(1), TestWeights.Network(2)));

    [Fact]
    public void Mean_WholeInFp16_IsHalfTheWeights()
    {
        using var layout = TestWeights.Network(1);
        var mean = Mean(new HalfPrecisionExchange(Dense), [0.5, 0.5], TestWeights.Network(1), TestWeights.Network(2))!;
        Assert.Equal(layout.DenseBytes / 2, mean.ValueBytes);
        Assert.All(
            mean.Tensors,
            tensor => Assert.Equal((typeof(DenseTensor), ValueFormat.Fp16), (tensor.GetType(), tensor.Format))
        );
        Assert.Null(DeltaCheck.FindProblem(layout, mean));
    }

    [Theory]
    [InlineData(ValueFormat.Fp32, 4)]
    [InlineData(ValueFormat.Fp16, 2)]
    public void Mean_Triplets_StandSideBySide(ValueFormat format, int bytesPerValue)
    {
        IUpdateExchange compressor = format == ValueFormat.Fp16 ? new HalfPrecisionExchange(Svd) : Svd;
        var mean = Mean(
            compressor,
            [0.25, 0.25, 0.5],
            TestWeights.Network(1),
            TestWeights.Network(2),
            TestWeights.Network(3)
        )!;
        Assert.Equal([6, 6], mean.Tensors.OfType<LowRankTensor>().Select(tensor => tensor.Rank));
        Assert.Equal(bytesPerValue * (6 * (24 + 144 + 1 + 20 + 96 + 1) + 24 + 20), mean.ValueBytes);
        Assert.All(mean.Tensors, tensor => Assert.Equal(format, tensor.Format));
    }

    [Fact]
    public void Mean_Triplets_EqualTheWeightedMeanOfTheUpdates()
    {
        using var start = TestWeights.Network(9);
        using var one = TestWeights.Network(1);
        using var other = TestWeights.Network(2);
        CompressedDelta[] sent = [Svd.Compress(one), Svd.Compress(other)];
        using var oneSent = DeltaDecompressor.Decompress(sent[0]);
        using var otherSent = DeltaDecompressor.Decompress(sent[1]);
        using var expected = Packing.Averaged(start, [oneSent, otherSent], [0.3, 0.7]);
        using var merged = DeltaApplier.Apply(start, MergedDelta.Mean(sent, [0.3, 0.7])!);
        // Singular values and means are rounded to float32 once more.
        Assert.All(expected, pair => Assert.True(pair.Value.allclose(merged[pair.Key], rtol: 0, atol: 2e-6)));
    }

    [Fact]
    public void Mean_TripletsTooManyToSave_AreAddedUpWhole()
    {
        // 10 nodes of rank 2: the head would need 20 * 117 of 1920 values, the convolution 20 * 169 of 3456.
        WeightSet[] deltas = [.. Enumerable.Range(1, 10).Select(seed => TestWeights.Network((ulong)seed))];
        var mean = Mean(Svd, [.. Enumerable.Repeat(0.1, 10)], deltas)!;
        Assert.Equal(
            [typeof(LowRankTensor), typeof(DenseTensor), typeof(DenseTensor), typeof(DenseTensor)],
            mean.Tensors.Select(tensor => tensor.GetType())
        );
    }

    [Fact]
    public void Mean_NoTensorSaves_IsNotWorthSending()
    {
        WeightSet[] deltas = [.. Enumerable.Range(1, 11).Select(seed => TestWeights.Network((ulong)seed))];
        Assert.Null(Mean(Svd, [.. Enumerable.Repeat(1.0 / 11, 11)], deltas));
    }

    [Fact]
    public void Mean_FormatsDiffer_IsInFp32()
    {
        using var one = TestWeights.Network(1);
        using var other = TestWeights.Network(2);
        var mean = MergedDelta.Mean([Svd.Compress(one), new HalfPrecisionExchange(Svd).Compress(other)], [0.5, 0.5])!;
        Assert.All(mean.Tensors, tensor => Assert.Equal(ValueFormat.Fp32, tensor.Format));
    }

    [Fact]
    public void Mean_FormsDiffer_IsWhole()
    {
        using var one = TestWeights.Network(1);
        using var other = TestWeights.Network(2);
        Assert.Null(MergedDelta.Mean([Svd.Compress(one), Dense.Compress(other)], [0.5, 0.5]));
    }

    [Theory]
    [InlineData(2, PowerSgdRound.Rank)]
    [InlineData(1, PowerSgdRound.Rank - 1)]
    public void Mean_BasesDiffer_IsTheMeanAllTheSame(ulong seed, int rank)
    {
        using var one = TestWeights.Network(1);
        using var other = TestWeights.Network(2);
        using var zero = one.Map((_, tensor) => tensor * 0);
        using var oneRound = PowerSgdRound.Run(
            [one],
            PowerSgdSubspace.First(one, PowerSgdRound.Rank, 1),
            format: ValueFormat.Fp16
        );
        using var otherRound = PowerSgdRound.Run(
            [other],
            PowerSgdSubspace.First(one, rank, seed),
            format: ValueFormat.Fp16,
            rank: rank
        );
        using var merged = DeltaApplier.Apply(
            zero,
            MergedDelta.Mean([oneRound.Updates[0], otherRound.Updates[0]], [0.5, 0.5])!
        );
        using var oneSent = DeltaDecompressor.Decompress(oneRound.Updates[0]);
        using var otherSent = DeltaDecompressor.Decompress(otherRound.Updates[0]);
        using var scope = NewDisposeScope();
        foreach (var (name, tensor) in merged)
            // rounded to fp16 once
            Assert.True(tensor.allclose((oneSent[name] + otherSent[name]) / 2, rtol: 1.0 / 2048, atol: 1e-6));
    }

    [Fact]
    public void Mean_BasesOfTwoFormats_IsNotWorthSending()
    {
        using var delta = TestWeights.Network(1);
        var subspace = PowerSgdSubspace.First(delta, PowerSgdRound.Rank, 1);
        using var half = PowerSgdRound.Run([delta], subspace, format: ValueFormat.Fp16);
        using var full = PowerSgdRound.Run([delta], subspace);
        Assert.Null(MergedDelta.Mean([half.Updates[0], full.Updates[0]], [0.5, 0.5]));
    }

    [Fact]
    public void Mean_WeightOfZero_LeavesTheUpdateOut()
    {
        var mean = Mean(Svd, [1, 0], TestWeights.Network(1), TestWeights.Network(2))!;
        using var delta = TestWeights.Network(1);
        using var expected = DeltaDecompressor.Decompress(Svd.Compress(delta));
        using var merged = DeltaDecompressor.Decompress(mean);
        TestWeights.AssertSameBits(expected, merged);
    }

    [Fact]
    public void Mean_WeightsBelowOne_ScaleTheUpdate()
    {
        using var delta = TestWeights.Vector(2, -4, 8);
        using var zero = TestWeights.Vector(0, 0, 0);
        using var merged = DeltaApplier.Apply(
            zero,
            MergedDelta.Mean([new HalfPrecisionExchange(Dense).Compress(delta)], [0.5])!
        );
        Assert.Equal([1f, -2f, 4f], merged.Values("w"));
    }

    [Fact]
    public void Mean_FactorsThatBoundBadlyTogether_IsAddedUpWhole()
    {
        static byte[] Values(float value, int count) =>
            [.. Enumerable.Repeat(value, count).SelectMany(BitConverter.GetBytes)];
        static CompressedDelta Delta(float left, float singular) =>
            new([new LowRankTensor("m", [6, 10], 1, Values(left, 6), Values(singular, 1), Values(1, 10))]);
        Assert.Null(MergedDelta.Mean([Delta(1e30f, 1), Delta(1, 1e30f)], [0.5, 0.5]));
        Assert.NotNull(MergedDelta.Mean([Delta(1e10f, 1), Delta(1, 1e10f)], [0.5, 0.5]));
    }

    [Theory]
    [InlineData(new double[] { 1 })]
    [InlineData(new double[] { 0, 0 })]
    [InlineData(new[] { 1.5, -0.5 })]
    [InlineData(new[] { 0.5, double.NaN })]
    [InlineData(new double[] { 30, 10 })] // sample counts, not normalised
    public void Mean_BadWeights_AreRefused(double[] weights) =>
        Assert.Throws<ArgumentException>(() => Mean(Svd, weights, TestWeights.Network(1), TestWeights.Network(2)));

    [Fact]
    public void Mean_BadUpdates_AreRefused()
    {
        using var delta = TestWeights.Network(1);
        var good = Svd.Compress(delta);
        var other = new CompressedDelta([.. good.Tensors.Select(tensor => tensor with { Name = tensor.Name + "x" })]);
        var bad = new CompressedDelta([.. good.Tensors.Select(tensor => tensor with { Shape = [2, 3] })]);
        var error = Assert.Throws<ArgumentException>(() => MergedDelta.Mean([good, other], [0.5, 0.5]));
        Assert.Contains(
            "'conv.weight' of shape [24, 16, 3, 3] is not in every payload",
            error.Message,
            StringComparison.Ordinal
        );
        error = Assert.Throws<ArgumentException>(() => MergedDelta.Mean([good, bad], [0.5, 0.5]));
        Assert.Contains("'conv.weight': Left must be 16 bytes", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => MergedDelta.Mean([], []));
    }

    [Fact]
    public void MeanAndApply_LeakNoTensor()
    {
        using var start = TestWeights.Network(9);
        using var one = TestWeights.Network(1);
        using var other = TestWeights.Network(2);
        Assert.Equal(
            0,
            LiveTensors.Change(() =>
                DeltaApplier
                    .Apply(start, MergedDelta.Mean([Svd.Compress(one), Svd.Compress(other)], [0.5, 0.5])!)
                    .Dispose()
            )
        );
    }

    private static CompressedDelta? Mean(IUpdateExchange compressor, double[] weights, params WeightSet[] deltas)
    {
        var sent = deltas.Select(delta => compressor.Compress(delta)).ToArray();
        foreach (var delta in deltas)
            delta.Dispose();
        return MergedDelta.Mean(sent, weights);
    }
}
