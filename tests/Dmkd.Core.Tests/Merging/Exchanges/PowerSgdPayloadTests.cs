using CsCheck;
using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Exchanges;

/// <summary>What PowerSGD sends: sizes, number formats, and the same bytes for the same inputs.</summary>
public class PowerSgdPayloadTests
{
    private const int Rank = PowerSgdRound.Rank;

    [Theory]
    [InlineData(ValueFormat.Fp32, 4)]
    [InlineData(ValueFormat.Fp16, 2)]
    public void Round_Payloads_HaveTheGoldenSizes(ValueFormat format, int bytesPerValue)
    {
        using var delta = TestWeights.Network(1);
        using var round = PowerSgdRound.Run([delta, delta], PowerSgdSubspace.First(delta, Rank, 1), format: format);
        Assert.Equal(bytesPerValue * Rank * (24 + 20), round.Projections[0].ValueBytes);
        Assert.Equal(bytesPerValue * Rank * (24 + 20), round.Basis.ValueBytes);
        Assert.Equal(bytesPerValue * (Rank * (144 + 96) + 24 + 20), round.Sent[0].ValueBytes);
        Assert.Equal(bytesPerValue * (Rank * (24 + 144 + 20 + 96) + 24 + 20), round.Merged!.ValueBytes);
        Assert.Equal(round.Sent[0].ValueBytes, PowerSgdPayload.WithoutBasis(round.Merged).ValueBytes);
        Assert.Equal(delta.Keys, round.Merged.Tensors.Select(tensor => tensor.Name));
        Assert.All(round.Merged.Tensors, tensor => Assert.Equal(format, tensor.Format));
    }

    [Theory]
    [InlineData(1, 243)]
    [InlineData(2, 136)]
    [InlineData(4, 72)]
    // Vogels et al. 2019, table 3, statistics not counted
    public void Round_ResNet18_ShrinksByThePublishedRatio(int rank, int published)
    {
        using var network = WeightTransfer.RandomWeights(Dmkd.Core.Models.ArchitectureCatalog.Named("resnet18", 10), 1);
        using var delta = new WeightSet(
            network.Where(pair => !pair.Key.Contains("running_", StringComparison.Ordinal))
        );
        using var round = PowerSgdRound.Run([delta], PowerSgdSubspace.First(delta, rank, 1), rank: rank);
        double ratio = (double)delta.DenseBytes / (round.Projections[0].ValueBytes + round.Sent[0].ValueBytes);
        Assert.Equal(published, Math.Round(ratio));
    }

    [Fact]
    public void Round_HalfPrecision_EveryoneUsesTheRoundedBasis()
    {
        using var delta = TestWeights.Network(1);
        using var round = PowerSgdRound.Run([delta], PowerSgdSubspace.First(delta, Rank, 1), format: ValueFormat.Fp16);
        using var update = DeltaDecompressor.Decompress(round.Updates[0]);
        using var exact = DeltaDecompressor.Decompress(
            new PowerSgdExchange(Rank, ValueFormat.Fp16).Compress(delta, round.Basis)
        );
        using var scope = NewDisposeScope();
        var basis = round.BasisOf("head.weight", 20);
        // columns of length 1, rounded to 11 bits
        Assert.True(basis.t().mm(basis).allclose(eye(Rank), rtol: 0, atol: 2e-3));
        Assert.False(basis.t().mm(basis).allclose(eye(Rank), rtol: 0, atol: 1e-6));
        // Q of values of about 3, to 11 bits
        Assert.True(update["head.weight"].allclose(basis.mm(basis.t().mm(delta["head.weight"])), rtol: 0, atol: 1e-2));
        TestWeights.AssertSameBits(Only(exact, "head.weight"), Only(update, "head.weight"));
    }

    [Fact]
    public void Round_SameInputs_GivesTheSameBytes()
    {
        using var one = TestWeights.Network(1);
        using var other = TestWeights.Network(2);
        using var first = PowerSgdRound.Run([one, other], PowerSgdSubspace.First(one, Rank, 7));
        using var second = PowerSgdRound.Run([one, other], PowerSgdSubspace.First(one, Rank, 7));
        Assert.Equal(PowerSgdRound.BytesOf(first.Basis), PowerSgdRound.BytesOf(second.Basis));
        Assert.Equal(PowerSgdRound.BytesOf(first.Sent[1]), PowerSgdRound.BytesOf(second.Sent[1]));
        Assert.Equal(
            PowerSgdRound.BytesOf(PowerSgdSubspace.Next(first.Merged!)),
            PowerSgdRound.BytesOf(PowerSgdSubspace.Next(second.Merged!))
        );
    }

    [Fact]
    public void First_WeightsInAnotherOrder_GivesTheSameSubspace()
    {
        using var forward = TestWeights.Random(1, ("a", [10, 20]), ("b", [30, 10]));
        using var backward = TestWeights.Random(2, ("b", [30, 10]), ("a", [10, 20]));
        var one = PowerSgdSubspace.First(forward, 2, 5);
        Assert.Equal(["a", "b"], one.Tensors.Select(tensor => tensor.Name));
        Assert.Equal(PowerSgdRound.BytesOf(one), PowerSgdRound.BytesOf(PowerSgdSubspace.First(backward, 2, 5)));
        Assert.NotEqual(PowerSgdRound.BytesOf(one), PowerSgdRound.BytesOf(PowerSgdSubspace.First(forward, 2, 6)));
    }

    private static WeightSet Only(WeightSet weights, string name) => new([KeyValuePair.Create(name, weights[name])]);
}
