using CsCheck;
using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Devices;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Exchanges;

public class ErrorFeedbackTests
{
    public static TheoryData<IUpdateExchange> Compressors =>
        [
            new DenseExchange(),
            new SvdExchange(2),
            new HalfPrecisionExchange(new DenseExchange()),
            new HalfPrecisionExchange(new SvdExchange(2)),
        ];

    [Theory, MemberData(nameof(Compressors), DisableDiscoveryEnumeration = true)]
    public void Compress_AnyUpdate_SentAndResidualAddUp(IUpdateExchange compressor) =>
        Gen.Select(Gen.ULong, Gen.Long[1, 24], Gen.Long[1, 24], Gen.Float[-4, 4])
            .Sample(
                (seed, rows, columns, exponent) =>
                {
                    using var scope = NewDisposeScope();
                    using var delta = Random(seed, rows, columns, MathF.Pow(10, exponent));
                    using var residual = Random(~seed, rows, columns, 1);
                    var (sent, next) = Packing.Feed(compressor, delta, residual);
                    using var nextResidual = next;
                    using var decompressed = DeltaDecompressor.Decompress(sent);
                    foreach (var (name, tensor) in delta)
                    {
                        var wanted = tensor.to(ScalarType.Float64) + residual[name];
                        var got = decompressed[name].to(ScalarType.Float64) + nextResidual[name];
                        // The sum, the decompressed values and the residual are each rounded to float32, 6e-8 of values
                        // of this size.
                        Assert.InRange(
                            (wanted - got).abs().max().item<double>(),
                            0,
                            5e-7 * Math.Max(1, wanted.abs().max().item<double>())
                        );
                    }
                },
                iter: 50,
                threads: 1
            );

    [Theory, MemberData(nameof(Compressors), DisableDiscoveryEnumeration = true)]
    public void Compress_ManyRounds_LosesOnlyTheLastResidual(IUpdateExchange compressor)
    {
        using var scope = NewDisposeScope();
        using var total = Random(0, 20, 30, 0);
        using var arrived = Random(0, 20, 30, 0);
        WeightSet? residual = null;
        for (ulong round = 1; round <= 10; round++)
        {
            using var delta = Random(round, 20, 30, 1);
            var (sent, next) = Packing.Feed(compressor, delta, residual);
            using var decompressed = DeltaDecompressor.Decompress(sent);
            foreach (var (name, tensor) in delta)
            {
                total[name].add_(tensor);
                arrived[name].add_(decompressed[name]);
            }

            residual?.Dispose();
            residual = next;
        }

        foreach (var (name, tensor) in total)
            // 30 roundings of values of about 10
            Assert.True(tensor.allclose(arrived[name] + residual![name], rtol: 0, atol: 1e-5));
        residual!.Dispose();
    }

    [Fact]
    public void Compress_SameUpdateEveryRound_SendsAllOfItOnAverage()
    {
        using var delta = Random(1, 20, 30, 1);
        using var once = DeltaDecompressor.Decompress(new SvdExchange(4).Compress(delta));
        using var arrived = Random(0, 20, 30, 0);
        const int rounds = 40;
        WeightSet? residual = null;
        for (int round = 0; round < rounds; round++)
        {
            var (sent, next) = Packing.Feed(new SvdExchange(4), delta, residual);
            using var decompressed = DeltaDecompressor.Decompress(sent);
            using (NewDisposeScope())
                arrived["m"].add_(decompressed["m"] / rounds);
            residual?.Dispose();
            residual = next;
        }

        residual!.Dispose();
        double without = TestWeights.RelativeError(delta["m"], once["m"]),
            with = TestWeights.RelativeError(delta["m"], arrived["m"]);
        Assert.InRange(without, 0.5, 1);
        Assert.InRange(with, 0, 0.2); // the last residual, divided by the rounds
    }

    [Fact]
    public void Compress_WholeInFp32_LeavesExactlyNothing()
    {
        using var delta = Random(1, 20, 30, 1);
        using var residual = Random(2, 20, 30, 1);
        var (_, next) = Packing.Feed(new SvdExchange(4), delta, residual);
        using (next)
        {
            Assert.All(next.Values("v"), value => Assert.Equal(0, value));
            Assert.Contains(next.Values("m"), value => value != 0);
        }
    }

    [Fact]
    public void Compress_ClampedValue_IsSentNextTime()
    {
        using var delta = TestWeights.Vector(100_000);
        using var nothing = TestWeights.Vector(0);
        var compressor = new HalfPrecisionExchange(new DenseExchange());
        var (_, residual) = Packing.Feed(compressor, delta, null);
        var (sent, rest) = Packing.Feed(compressor, nothing, residual);
        using var decompressed = DeltaDecompressor.Decompress(sent);
        Assert.Equal(100_000 - 65504, residual.Values("w")[0]);
        Assert.Equal(100_000 - 65504, decompressed.Values("w")[0]); // 34496 has 11 significant bits
        Assert.Equal(0, rest.Values("w")[0]);
        residual.Dispose();
        rest.Dispose();
    }

    [Fact]
    public void Compress_SameInputs_GiveTheSameResidual()
    {
        using var delta = Random(1, 100, 120, 1);
        var (_, one) = Packing.Feed(new SvdExchange(4), delta, null);
        var (_, other) = Packing.Feed(new SvdExchange(4), delta, null);
        TestWeights.AssertSameBits(one, other);
        one.Dispose();
        other.Dispose();
    }

    [Fact]
    public void Compress_ResidualOfAnotherModule_IsRefused()
    {
        using var delta = Random(1, 20, 30, 1);
        using var residual = Random(1, 20, 31, 1);
        var error = Assert.Throws<ArgumentException>(() => Packing.Feed(new DenseExchange(), delta, residual));
        Assert.Contains("'m' of residual has shape [20, 31]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compress_LeaksNoTensor()
    {
        using var delta = Random(1, 20, 30, 1);
        using var residual = Random(2, 20, 30, 1);
        Assert.Equal(0, LiveTensors.Change(() => Packing.Feed(new SvdExchange(4), delta, residual).Residual.Dispose()));
    }

    private static WeightSet Random(ulong seed, long rows, long columns, float scale)
    {
        using var weights = TestWeights.Random(seed, ("m", [rows, columns]), ("v", [rows]));
        return weights.Map((_, tensor) => tensor * scale);
    }
}
