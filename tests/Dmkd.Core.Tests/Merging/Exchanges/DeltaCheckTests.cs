using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Devices;

namespace Dmkd.Core.Tests.Merging.Exchanges;

public sealed class DeltaCheckTests : IDisposable
{
    private static readonly long[] Matrix = [4, 3, 2]; // 4x6 as a matrix

    private readonly WeightSet _base = TestWeights.Of(("m", new float[24], Matrix), ("v", new float[2], [2]));

    public void Dispose() => _base.Dispose();

    [Fact]
    public void FindProblem_GoodUpdate_FindsNone() => Assert.Null(Find(Factors(), Vector()));

    [Fact]
    public void FindProblem_UnknownTensor_NamesIt() =>
        Expect("'x' is not among the base weights", Factors(), Vector() with { Name = "x" });

    [Fact]
    public void FindProblem_MissingTensor_NamesIt() => Expect("'v' is missing", Factors());

    [Fact]
    public void FindProblem_TensorTwice_NamesIt() => Expect("'v' comes twice", Factors(), Vector(), Vector());

    [Fact]
    public void FindProblem_OtherShape_NamesBoth() =>
        Expect("'m' has shape [4, 6]; the base weights have [4, 3, 2]", Factors() with { Shape = [4, 6] }, Vector());

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(5)]
    public void FindProblem_RankOutOfRange_NamesRangeAndValue(int rank) =>
        Expect($"'m': rank must be in [1, 4] for a 4x6 matrix; it is {rank}", Factors() with { Rank = rank }, Vector());

    [Fact]
    public void FindProblem_VectorAsFactors_IsRefused() =>
        Expect(
            "'v' of shape [2] cannot be of low rank",
            Factors(),
            new LowRankTensor("v", [2], 1, Floats(2), Floats(1), Floats(1))
        );

    [Fact]
    public void FindProblem_NoTensorNoNameOrNoShape_SaysSo()
    {
        const string Nothing = "A tensor has no name or no shape.";
        Assert.Equal(Nothing, TensorCheck.FindProblem(null));
        Assert.Equal(Nothing, TensorCheck.FindProblem(Vector() with { Name = null! }));
        Assert.Equal(Nothing, TensorCheck.FindProblem(Vector() with { Shape = null! }));
        Assert.Null(TensorCheck.FindProblem(Vector()));
    }

    [Fact]
    public void FindProblem_WrongSizes_NameThePart()
    {
        Expect("'v': Values must be 8 bytes; it is 12", Factors(), Vector() with { Values = Floats(3) });
        Expect("'v': Values must be 8 bytes; it is 7", Factors(), Vector() with { Values = new byte[7] });
        Expect("'m': Left must be 32 bytes; it is 4", Factors() with { Left = Floats(1) }, Vector());
        Expect("'m': Singular must be 8 bytes; it is 4", Factors() with { Singular = Floats(1) }, Vector());
        Expect("'m': Right must be 48 bytes; it is 4", Factors() with { Right = Floats(1) }, Vector());
        Expect("'m': Right must be 48 bytes; it is 0", Factors() with { Right = default }, Vector());
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void FindProblem_NotFinite_NamesThePart(float value)
    {
        Expect("'v': Values holds a value that is not finite", Factors(), Vector() with { Values = Floats(1, value) });
        Expect("'m': Left holds a value that is not finite", Factors() with { Left = Floats(7, value) }, Vector());
        Expect(
            "'m': Singular holds a value that is not finite",
            Factors() with
            {
                Singular = Floats(1, value),
            },
            Vector()
        );
        Expect("'m': Right holds a value that is not finite", Factors() with { Right = Floats(11, value) }, Vector());
    }

    [Fact]
    public void FindProblem_FactorsWhoseProductOverflows_IsRefused() =>
        Expect(
            "'m': its factors multiply to values of up to 2e+60",
            Factors() with
            {
                Left = Floats(7, 1e30f),
                Singular = Floats(1, 1e30f),
                Right = Floats(11, 1),
            },
            Vector()
        );

    [Fact]
    public void FindProblem_ProductThatOverflows_IsRefused() =>
        Expect(
            "'m': its factors multiply to values of up to 2e+60",
            Product() with
            {
                Left = Floats(7, 1e30f),
                Right = Floats(11, 1e30f),
            },
            Vector()
        );

    [Fact]
    public void FindProblem_GoodProduct_FindsNone() => Assert.Null(Find(Product(), Vector()));

    [Fact]
    public void FindProblem_OneFactorAlone_IsRefused()
    {
        Expect("'m' is one factor of a product", new LeftFactorTensor("m", Matrix, 2, Floats(8)), Vector());
        Expect("'m' is one factor of a product", new RightFactorTensor("m", Matrix, 2, Floats(12)), Vector());
    }

    [Fact]
    public void FindProblem_HalfPrecision_CountsTwoBytesAValue()
    {
        var factors = new LowRankTensor("m", Matrix, 2, new byte[16], new byte[4], new byte[24])
        {
            Format = ValueFormat.Fp16,
        };
        Assert.Null(Find(factors, Vector()));
        Expect("'m': Left must be 16 bytes; it is 32", factors with { Left = Floats(8) }, Vector());
        Expect("'m': Left must be 32 bytes; it is 16", factors with { Format = ValueFormat.Fp32 }, Vector());
        Expect("'v': Values must be 4 bytes; it is 8", factors, Vector() with { Format = ValueFormat.Fp16 });
    }

    [Theory]
    [InlineData(0x7C00)] // infinity
    [InlineData(0xFC00)] // its negative
    [InlineData(0x7E00)] // NaN
    [InlineData(0xFC01)] // a signalling NaN
    public void FindProblem_HalfPrecisionNotFinite_NamesThePart(int bits) =>
        Expect(
            "'v': Values holds a value that is not finite",
            Factors(),
            new DenseTensor("v", [2], (byte[])[0, 0, (byte)bits, (byte)(bits >> 8)]) { Format = ValueFormat.Fp16 }
        );

    [Fact]
    public void FindProblem_LargestHalf_IsFinite() =>
        Assert.Null(
            Find(Factors(), new DenseTensor("v", [2], (byte[])[0xFF, 0x7B, 0xFF, 0xFB]) { Format = ValueFormat.Fp16 })
        );

    [Fact]
    public void FindProblem_UnknownFormat_IsRefused() =>
        Expect("'v' has the unknown format 7", Factors(), Vector() with { Format = (ValueFormat)7 });

    [Fact]
    public void FindProblem_NoNameOrShape_IsRefused()
    {
        Expect("no name or no shape", Vector() with { Name = null! });
        Expect("no name or no shape", Vector() with { Shape = null! });
        Expect("no name or no shape", [null!]);
    }

    [Theory]
    [InlineData(ValueFormat.Fp32, 4)]
    [InlineData(ValueFormat.Fp16, 2)]
    public void FindProblem_LargePayload_AllocatesNothingOfItsSize(ValueFormat format, int bytesPerValue)
    {
        using var weights = TestWeights.Of(("m", new float[1 << 20], [1 << 10, 1 << 10]));
        var delta = new CompressedDelta([
            new DenseTensor("m", [1 << 10, 1 << 10], new byte[bytesPerValue << 20]) { Format = format },
        ]);
        DeltaCheck.FindProblem(weights, delta); // once before, for what the first call sets up
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Null(DeltaCheck.FindProblem(weights, delta));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 10);
    }

    [Fact]
    public void FindProblem_UnknownForm_IsRefused() =>
        Expect("unknown form Strange", new Strange("m", Matrix), Vector());

    [Fact]
    public void FindProblem_LeaksNoTensor() => Assert.Equal(0, LiveTensors.Change(() => Find(Factors(), Vector())));

    [Fact]
    public void Decompress_ImpossibleShape_IsRefusedByName()
    {
        foreach (
            long[] shape in (long[][])
                [
                    [-1, -1],
                    [1L << 40, 1L << 40],
                    [0, 1L << 62, 4],
                ]
        )
        {
            var error = Assert.Throws<ArgumentException>(() =>
                DeltaDecompressor.Decompress(new CompressedDelta([new DenseTensor("w", shape, Floats(1))]))
            );
            Assert.Contains("'w': no tensor has shape", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Decompress_TensorTwice_IsRefusedAndLeaksNothing() =>
        Assert.Equal(
            0,
            LiveTensors.Change(() =>
                Assert.Contains(
                    "'v' comes twice",
                    Assert
                        .Throws<ArgumentException>(() =>
                            DeltaDecompressor.Decompress(new CompressedDelta([Vector(), Vector()]))
                        )
                        .Message,
                    StringComparison.Ordinal
                )
            )
        );

    private static LowRankTensor Factors() => new("m", Matrix, 2, Floats(8), Floats(2), Floats(12));

    private static ProductTensor Product() => new("m", Matrix, 2, Floats(8), Floats(12));

    private static DenseTensor Vector() => new("v", [2], Floats(2));

    private static byte[] Floats(int count) => new byte[count * sizeof(float)];

    private static byte[] Floats(int zerosBefore, float last) =>
        [.. Floats(zerosBefore), .. BitConverter.GetBytes(last)];

    private string? Find(params CompressedTensor[] tensors) =>
        DeltaCheck.FindProblem(_base, new CompressedDelta(tensors));

    private void Expect(string problem, params CompressedTensor[] tensors) =>
        Assert.Contains(problem, Find(tensors), StringComparison.Ordinal);

    private sealed record Strange(string Name, long[] Shape) : CompressedTensor(Name, Shape)
    {
        public override long ValueBytes => 0;
    }
}
