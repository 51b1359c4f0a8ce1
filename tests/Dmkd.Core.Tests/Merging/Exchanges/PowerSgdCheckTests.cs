using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Tensors;

namespace Dmkd.Core.Tests.Merging.Exchanges;

public sealed class PowerSgdCheckTests : IDisposable
{
    private static readonly long[] Matrix = [6, 5, 2]; // 6x10 as a matrix

    private readonly WeightSet _base = TestWeights.Of(("m", new float[60], Matrix), ("v", new float[2], [2]));

    public void Dispose() => _base.Dispose();

    [Fact]
    public void FindFactorProblem_GoodFactors_FindsNone() => Assert.Null(FindFactor(Left()));

    [Fact]
    public void FindFactorProblem_BadFactors_AreRefusedByName()
    {
        Expect("'m' is missing", FindFactor());
        Expect("'m' comes twice", FindFactor(Left(), Left()));
        Expect("'v' of shape [2] does not belong", FindFactor(Left(), Vector()));
        Expect("'x' is not among the base weights", FindFactor(Left() with { Name = "x" }));
        Expect("'m' has shape [6, 10]", FindFactor(Left() with { Shape = [6, 10] }));
        Expect("'m' has rank 1; the round's is 2", FindFactor(new LeftFactorTensor("m", Matrix, 1, Floats(6))));
        Expect("'m': Left must be 48 bytes; it is 44", FindFactor(Left() with { Left = Floats(11) }));
        Expect("'m': Left must be 48 bytes; it is 0", FindFactor(Left() with { Left = default }));
        Expect("'m': Left holds a value that is not finite", FindFactor(Left() with { Left = Floats(11, float.NaN) }));
        Expect("'m' must come as a left factor; it is a RightFactorTensor", FindFactor(Right()));
        Expect(
            "'m' is in Fp16; the round's format is Fp32",
            FindFactor(new LeftFactorTensor("m", Matrix, 2, new byte[24]) { Format = ValueFormat.Fp16 })
        );
    }

    [Fact]
    public void FindFactorProblem_RankThatSavesNothing_ExpectsNoFactor() =>
        // 4 * 16 > 60
        Assert.Null(new PowerSgdExchange(4, ValueFormat.Fp32).CheckProposal(_base, new CompressedDelta([])));

    [Fact]
    public void FindUpdateProblem_GoodUpdate_FindsNone() => Assert.Null(FindUpdate(Right(), Vector()));

    [Fact]
    public void FindUpdateProblem_BadUpdate_IsRefusedByName()
    {
        Expect("'v' is missing", FindUpdate(Right()));
        Expect(
            "'m' must come as the right factor of its basis; it is a DenseTensor",
            FindUpdate(new DenseTensor("m", Matrix, Floats(60)), Vector())
        );
        Expect(
            "'m' must come as the right factor of its basis; it is a LeftFactorTensor",
            FindUpdate(Left(), Vector())
        );
        Expect(
            "'m' has rank 1; its basis has 2",
            FindUpdate(new RightFactorTensor("m", Matrix, 1, Floats(10)), Vector())
        );
        Expect(
            "'m': rank must be in [1, 6] for a 6x10 matrix; it is 7",
            FindUpdate(Right() with { Rank = 7 }, Vector())
        );
        Expect("'m': Right must be 80 bytes; it is 4", FindUpdate(Right() with { Right = Floats(1) }, Vector()));
        Expect(
            "'m': Right holds a value that is not finite",
            FindUpdate(Right() with { Right = Floats(19, float.NegativeInfinity) }, Vector())
        );
        Expect(
            "'m' is in Fp16; its basis is in Fp32",
            FindUpdate(new RightFactorTensor("m", Matrix, 2, new byte[40]) { Format = ValueFormat.Fp16 }, Vector())
        );
        Expect(
            "'m': its factors multiply to values of up to",
            FindUpdate(Right() with { Right = Floats(19, 3e38f) }, Vector())
        );
    }

    [Fact]
    public void FindUpdateProblem_MatrixWithoutBasis_MustComeWhole() =>
        Assert.Contains(
            "'m' has no basis and must come whole; it is a RightFactorTensor",
            new PowerSgdExchange(2, ValueFormat.Fp32).Check(
                _base,
                new CompressedDelta([Right(), Vector()]),
                new CompressedDelta([])
            ),
            StringComparison.Ordinal
        );

    [Fact]
    public void WithBasis_PayloadThatDoesNotFit_IsRefused()
    {
        var error = Assert.Throws<ArgumentException>(() =>
            PowerSgdPayload.WithBasis(new CompressedDelta([Left()]), new CompressedDelta([Left()]))
        );
        Assert.Contains("'m' must come as the right factor", error.Message, StringComparison.Ordinal);
    }

    private static LeftFactorTensor Left() => new("m", Matrix, 2, Floats(11, 1));

    private static RightFactorTensor Right() => new("m", Matrix, 2, Floats(20));

    private static DenseTensor Vector() => new("v", [2], Floats(2));

    private static byte[] Floats(int count) => new byte[count * sizeof(float)];

    private static byte[] Floats(int zerosBefore, float last) =>
        [.. Floats(zerosBefore), .. BitConverter.GetBytes(last)];

    private static void Expect(string problem, string? actual) =>
        Assert.Contains(problem, actual, StringComparison.Ordinal);

    private string? FindFactor(params CompressedTensor[] tensors) =>
        new PowerSgdExchange(2, ValueFormat.Fp32).CheckProposal(_base, new CompressedDelta(tensors));

    private string? FindUpdate(params CompressedTensor[] tensors) =>
        new PowerSgdExchange(2, ValueFormat.Fp32).Check(
            _base,
            new CompressedDelta(tensors),
            new CompressedDelta([Left()])
        );
}
