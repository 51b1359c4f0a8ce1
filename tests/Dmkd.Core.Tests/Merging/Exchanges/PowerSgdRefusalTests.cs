using Dmkd.Core.Merging.Exchanges;

namespace Dmkd.Core.Tests.Merging.Exchanges;

/// <summary>What does not belong together is refused.</summary>
public class PowerSgdRefusalTests
{
    private const int Rank = PowerSgdRound.Rank;

    [Fact]
    public void Compress_BasisOfAnotherModule_IsRefused()
    {
        using var delta = TestWeights.Network(1);
        using var other = TestWeights.Random(1, ("m", [20, 30]));
        using var round = PowerSgdRound.Run([delta], PowerSgdSubspace.First(delta, Rank, 1));
        var exchange = new PowerSgdExchange(Rank, ValueFormat.Fp32);
        Refused("'conv.weight' of the basis is not in the delta", () => exchange.Compress(other, round.Basis));
        Refused("'m' of shape [20, 30] does not fit", () => exchange.Compress(other, new CompressedDelta([])));
        Refused(
            "has rank 4; the exchange's is 5",
            () => new PowerSgdExchange(5, ValueFormat.Fp32).Compress(delta, round.Basis)
        );
        Refused(
            "is in Fp32; the exchange's format is Fp16",
            () => new PowerSgdExchange(Rank, ValueFormat.Fp16).Compress(delta, round.Basis)
        );
        Refused("needs the basis of the first", () => exchange.Compress(delta));
        Refused(
            "of the subspace, shape [20, 96], is not in the delta",
            () =>
                PowerSgdProjection.Project(
                    other,
                    new CompressedDelta([PowerSgdSubspace.First(delta, Rank, 1).Tensors[^1]]),
                    ValueFormat.Fp32
                )
        );
    }

    [Fact]
    public void Project_NotFinite_IsRefusedByName()
    {
        using var delta = TestWeights.Network(1);
        delta["head.weight"][3, 3] = float.NaN;
        var subspace = PowerSgdSubspace.First(delta, Rank, 1);
        Refused(
            "'head.weight' of the projections",
            () => PowerSgdProjection.Project(delta, subspace, ValueFormat.Fp16)
        );
    }

    [Theory]
    [InlineData(new double[] { 1 })]
    [InlineData(new double[] { 0, 0 })]
    [InlineData(new[] { 1, double.NaN })]
    [InlineData(new double[] { 2, -1 })]
    public void Basis_BadWeights_AreRefused(double[] weights)
    {
        using var delta = TestWeights.Network(1);
        var projection = PowerSgdProjection.Project(delta, PowerSgdSubspace.First(delta, Rank, 1), ValueFormat.Fp32);
        Assert.Throws<ArgumentException>(() =>
            PowerSgdProjection.Basis([projection, projection], weights, ValueFormat.Fp32)
        );
    }

    [Fact]
    public void Basis_PayloadsThatDoNotBelongTogether_AreRefused()
    {
        using var delta = TestWeights.Network(1);
        var projection = PowerSgdProjection.Project(delta, PowerSgdSubspace.First(delta, Rank, 1), ValueFormat.Fp32);
        var ofRank3 = PowerSgdProjection.Project(delta, PowerSgdSubspace.First(delta, 3, 1), ValueFormat.Fp32);
        var shorter = new CompressedDelta([projection.Tensors[0]]);
        var matrices = new DenseExchange().Compress(delta).Tensors;
        var whole = new CompressedDelta([
            .. projection.Tensors.Select(part => matrices.Single(of => of.Name == part.Name)),
        ]);
        foreach (
            CompressedDelta[] parts in new[] { [projection, ofRank3], [projection, whole], new[] { whole, whole } }
        )
            Refused("must be a left factor of one rank", () => PowerSgdProjection.Basis(parts, null, ValueFormat.Fp32));
        Refused(
            "one holds 2, another 1",
            () => PowerSgdProjection.Basis([projection, shorter], null, ValueFormat.Fp32)
        );
        Assert.Throws<ArgumentException>(() => PowerSgdProjection.Basis([], null, ValueFormat.Fp32));
    }

    private static void Refused(string reason, Func<object> action) =>
        Assert.Contains(reason, Assert.ThrowsAny<ArgumentException>(() => action()).Message, StringComparison.Ordinal);
}
