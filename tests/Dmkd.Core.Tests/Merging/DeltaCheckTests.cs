using Dmkd.Core.Merging;
using Dmkd.Core.Modules;
using Dmkd.Core.Tests.Devices;

namespace Dmkd.Core.Tests.Merging;

public sealed class DeltaCheckTests : IDisposable
{
    private static readonly long[] Matrix = [4, 3, 2]; // 4x6 as a matrix

    private readonly WeightSet _base = TestWeights.Of(("m", new float[24], Matrix), ("v", new float[2], [2]));

    public void Dispose() => _base.Dispose();

    [Fact]
    public void FindProblem_GoodUpdate_FindsNone() => Assert.Null(Find(Factors(), Vector()));

    [Fact]
    public void FindProblem_UnknownTensor_NamesIt() => Expect("'x' is not among the base weights", Factors(), Vector() with { Name = "x" });

    [Fact]
    public void FindProblem_MissingTensor_NamesIt() => Expect("'v' is missing", Factors());

    [Fact]
    public void FindProblem_TensorTwice_NamesIt() => Expect("'v' comes twice", Factors(), Vector(), Vector());

    [Fact]
    public void FindProblem_OtherShape_NamesBoth() => Expect("'m' has shape [4, 6]; the base weights have [4, 3, 2]", Factors() with { Shape = [4, 6] }, Vector());

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(5)]
    public void FindProblem_RankOutOfRange_NamesRangeAndValue(int rank) =>
        Expect($"'m': rank must be in [1, 4] for a 4x6 matrix; it is {rank}", Factors() with { Rank = rank }, Vector());

    [Fact]
    public void FindProblem_VectorAsFactors_IsRefused() =>
        Expect("'v' of shape [2] cannot be of low rank", Factors(), new LowRankTensor("v", [2], 1, Floats(2), Floats(1), Floats(1)));

    [Fact]
    public void FindProblem_WrongSizes_NameThePart()
    {
        Expect("'v': Values must be 8 bytes; it is 12", Factors(), Vector() with { Values = Floats(3) });
        Expect("'v': Values must be 8 bytes; it is 7", Factors(), Vector() with { Values = new byte[7] });
        Expect("'m': Left must be 32 bytes; it is 4", Factors() with { Left = Floats(1) }, Vector());
        Expect("'m': Singular must be 8 bytes; it is 4", Factors() with { Singular = Floats(1) }, Vector());
        Expect("'m': Right must be 48 bytes; it is 4", Factors() with { Right = Floats(1) }, Vector());
        Expect("'m': Right must be 48 bytes; it is 0", Factors() with { Right = null! }, Vector());
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void FindProblem_NotFinite_NamesThePart(float value)
    {
        Expect("'v': Values holds a value that is not finite", Factors(), Vector() with { Values = Floats(1, value) });
        Expect("'m': Left holds a value that is not finite", Factors() with { Left = Floats(7, value) }, Vector());
        Expect("'m': Singular holds a value that is not finite", Factors() with { Singular = Floats(1, value) }, Vector());
        Expect("'m': Right holds a value that is not finite", Factors() with { Right = Floats(11, value) }, Vector());
    }

    [Fact]
    public void FindProblem_FactorsWhoseProductOverflows_IsRefused() =>
        Expect("Left * Singular", Factors() with { Left = Floats(7, 1e30f), Singular = Floats(1, 1e30f) }, Vector());

    [Fact]
    public void FindProblem_UnknownForm_IsRefused() => Expect("unknown form Strange", new Strange("m", Matrix), Vector());

    [Fact]
    public void FindProblem_LeaksNoTensor() => Assert.Equal(0, LiveTensors.Change(() => Find(Factors(), Vector())));

    [Fact]
    public void Decompress_ImpossibleShape_IsRefusedByName()
    {
        foreach (long[] shape in (long[][])[[-1, -1], [1L << 40, 1L << 40], [0, 1L << 62, 4]])
        {
            var error = Assert.Throws<ArgumentException>(() => DeltaDecompressor.Decompress(new CompressedDelta([new DenseTensor("w", shape, Floats(1))])));
            Assert.Contains("'w': no tensor has shape", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Decompress_TensorTwice_IsRefusedAndLeaksNothing() => Assert.Equal(0, LiveTensors.Change(() =>
        Assert.Contains("'v' comes twice", Assert.Throws<ArgumentException>(() => DeltaDecompressor.Decompress(new CompressedDelta([Vector(), Vector()]))).Message, StringComparison.Ordinal)));

    private static LowRankTensor Factors() => new("m", Matrix, 2, Floats(8), Floats(2), Floats(12));

    private static DenseTensor Vector() => new("v", [2], Floats(2));

    private static byte[] Floats(int count) => new byte[count * sizeof(float)];

    private static byte[] Floats(int zerosBefore, float last) => [.. Floats(zerosBefore), .. BitConverter.GetBytes(last)];

    private string? Find(params CompressedTensor[] tensors) => DeltaCheck.FindProblem(_base, new CompressedDelta(tensors));

    private void Expect(string problem, params CompressedTensor[] tensors) => Assert.Contains(problem, Find(tensors), StringComparison.Ordinal);

    private sealed record Strange(string Name, long[] Shape) : CompressedTensor(Name, Shape)
    {
        public override long ValueBytes => 0;
    }
}
