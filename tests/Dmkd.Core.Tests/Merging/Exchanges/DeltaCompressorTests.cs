using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Tests.Devices;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Exchanges;

public class DeltaCompressorTests
{
    public static TheoryData<IUpdateExchange> All =>
        [
            new DenseExchange(),
            new SvdExchange(4),
            new SvdExchange(1000),
            new HalfPrecisionExchange(new DenseExchange()),
            new HalfPrecisionExchange(new SvdExchange(4)),
        ];

    [Fact]
    public void Dense_RoundTrip_KeepsEveryBit()
    {
        using var delta = TestWeights.Network(1);
        using var back = DeltaDecompressor.Decompress(new DenseExchange().Compress(delta));
        TestWeights.AssertSameBits(delta, back);
    }

    [Fact]
    public void Dense_ValueBytes_AreFourPerValue()
    {
        using var delta = TestWeights.Network(1);
        Assert.Equal(delta.DenseBytes, new DenseExchange().Compress(delta).ValueBytes);
    }

    [Fact]
    public void Svd_Network_FactorsMatricesAndSendsVectorsWhole()
    {
        using var delta = TestWeights.Network(1);
        var compressed = new SvdExchange(4).Compress(delta);
        Assert.Equal(delta.Keys, compressed.Tensors.Select(t => t.Name));
        Assert.Equal(
            [typeof(LowRankTensor), typeof(DenseTensor), typeof(LowRankTensor), typeof(DenseTensor)],
            compressed.Tensors.Select(t => t.GetType())
        );
        Assert.Equal(sizeof(float) * (4 * (24 + 144 + 1) + 24 + 4 * (20 + 96 + 1) + 20), compressed.ValueBytes);
    }

    [Fact]
    public void Svd_RoundTrip_KeepsShapesAndVectors()
    {
        using var delta = TestWeights.Network(1);
        using var back = DeltaDecompressor.Decompress(new SvdExchange(4).Compress(delta));
        Assert.Equal(delta.Keys, back.Keys);
        Assert.All(delta, pair => Assert.Equal(pair.Value.shape, back[pair.Key].shape));
        Assert.Equal(delta.Values("head.bias"), back.Values("head.bias"));
        // Gaussian: most of it is beyond rank 4
        Assert.InRange(TestWeights.RelativeError(delta["conv.weight"], back["conv.weight"]), 0.1, 0.95);
    }

    [Fact]
    public void Svd_UpdateOfLowerRank_IsLossless()
    {
        using var scope = NewDisposeScope();
        using var parts = TestWeights.Random(1, ("u", [24, 3]), ("v", [3, 144]));
        using var delta = TestWeights.Of(
            ("conv.weight", parts["u"].mm(parts["v"]).data<float>().ToArray(), [24, 16, 3, 3])
        );
        using var back = DeltaDecompressor.Decompress(new SvdExchange(3).Compress(delta));
        // float32 rounding
        Assert.InRange(TestWeights.RelativeError(delta["conv.weight"], back["conv.weight"]), 0, 1e-5);
    }

    [Fact]
    public void Svd_RankAboveEveryMatrix_SendsAllWhole()
    {
        using var delta = TestWeights.Network(1);
        using var back = DeltaDecompressor.Decompress(new SvdExchange(1000).Compress(delta));
        TestWeights.AssertSameBits(delta, back);
    }

    [Fact]
    public void Svd_SameUpdateTwice_GivesTheSameBytes()
    {
        using var delta = TestWeights.Random(1, ("a", [128, 256]), ("b", [300, 100]));
        var compressor = new SvdExchange(4);
        using var one = DeltaDecompressor.Decompress(compressor.Compress(delta, seed: ulong.MaxValue));
        using var other = DeltaDecompressor.Decompress(compressor.Compress(delta, seed: ulong.MaxValue));
        TestWeights.AssertSameBits(one, other);
    }

    [Fact]
    public void HalfPrecision_AnyCompressor_HalvesTheBytes()
    {
        using var delta = TestWeights.Network(1);
        Assert.Equal(
            new DenseExchange().Compress(delta).ValueBytes / 2,
            new HalfPrecisionExchange(new DenseExchange()).Compress(delta).ValueBytes
        );
        Assert.Equal(
            new SvdExchange(4).Compress(delta).ValueBytes / 2,
            new HalfPrecisionExchange(new SvdExchange(4)).Compress(delta).ValueBytes
        );
    }

    [Fact]
    public void HalfPrecision_Svd_ChangesTheUpdateByItsRoundingOnly()
    {
        using var delta = TestWeights.Network(1);
        using var exact = DeltaDecompressor.Decompress(new SvdExchange(4).Compress(delta));
        using var rounded = DeltaDecompressor.Decompress(new HalfPrecisionExchange(new SvdExchange(4)).Compress(delta));
        // three factors, each within 1/2048
        Assert.InRange(TestWeights.RelativeError(exact["conv.weight"], rounded["conv.weight"]), 1e-6, 3.0 / 2048);
        Assert.InRange(TestWeights.RelativeError(exact["head.bias"], rounded["head.bias"]), 1e-6, 1.0 / 2048);
    }

    [Fact]
    public void HalfPrecision_LargeValue_IsClamped()
    {
        using var delta = TestWeights.Vector(1e6f, -1e6f);
        using var back = DeltaDecompressor.Decompress(new HalfPrecisionExchange(new DenseExchange()).Compress(delta));
        Assert.Equal([65504f, -65504f], back.Values("w"));
    }

    [Theory, MemberData(nameof(All), DisableDiscoveryEnumeration = true)]
    public void Compress_Result_PassesTheCheck(IUpdateExchange compressor)
    {
        using var delta = TestWeights.Network(1);
        Assert.Null(DeltaCheck.FindProblem(delta, compressor.Compress(delta)));
    }

    [Theory, MemberData(nameof(All), DisableDiscoveryEnumeration = true)]
    public void Compress_NotFinite_IsRefusedByName(IUpdateExchange compressor)
    {
        float[] values = new float[400];
        values[7] = float.NaN;
        using var delta = TestWeights.Of(("head.weight", values, [20, 20]));
        var error = Assert.Throws<ArgumentException>(() => compressor.Compress(delta));
        Assert.Contains(
            "'head.weight' of delta holds a value that is not finite",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Theory, MemberData(nameof(All), DisableDiscoveryEnumeration = true)]
    public void CompressAndDecompress_LeakNoTensor(IUpdateExchange compressor)
    {
        using var delta = TestWeights.Network(1);
        Assert.Equal(0, LiveTensors.Change(() => DeltaDecompressor.Decompress(compressor.Compress(delta)).Dispose()));
    }

    [Theory, MemberData(nameof(All), DisableDiscoveryEnumeration = true)]
    public void Decompress_InsideAScope_ResultOutlivesIt(IUpdateExchange compressor)
    {
        using var delta = TestWeights.Network(1);
        Dmkd.Core.Tensors.WeightSet back;
        using (NewDisposeScope())
            back = DeltaDecompressor.Decompress(compressor.Compress(delta));
        using (back)
            Assert.True(back["conv.weight"].isfinite().all().item<bool>());
    }
}
