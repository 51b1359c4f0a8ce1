using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Merging.Alignment;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Exchanges;

public class UpdateExchangesTests
{
    [Fact]
    public void Names_AreTheFour() => Assert.Equal(["dense", "svd", "powersgd", "aligned"], UpdateExchanges.Names);

    [Theory]
    [InlineData("dense", 8, false)]
    [InlineData("svd", 8, false)]
    [InlineData("powersgd", 8, true)]
    [InlineData("powersgd", 0, false)] // rank 0 sends updates whole
    [InlineData("aligned", 0, true)]
    public void Create_AnyExchange_SaysWhetherItHasABasis(string name, int rank, bool hasBasis)
    {
        Assert.Equal(hasBasis, UpdateExchanges.Create(new ExchangeOptions(name, rank)).HasSharedBasis);
        Assert.Equal(
            hasBasis,
            UpdateExchanges.Create(new ExchangeOptions(name, rank, HalfPrecision: true)).HasSharedBasis
        );
    }

    [Theory]
    [InlineData("svd")]
    [InlineData("powersgd")]
    public void Create_RankZero_SendsAllWhole(string name)
    {
        using var delta = TestWeights.Network(1);
        using var back = DeltaDecompressor.Decompress(
            UpdateExchanges.Create(new ExchangeOptions(name)).Compress(delta)
        );
        TestWeights.AssertSameBits(delta, back);
    }

    [Theory]
    [InlineData("dense", 4)]
    [InlineData("svd", 4)]
    public void Create_HalfPrecision_SendsHalves(string name, int rank)
    {
        using var delta = TestWeights.Network(1);
        var sent = UpdateExchanges.Create(new ExchangeOptions(name, rank, HalfPrecision: true)).Compress(delta);
        Assert.All(sent.Tensors, tensor => Assert.Equal(ValueFormat.Fp16, tensor.Format));
    }

    [Fact]
    public void Pack_HalfPrecisionOfASharedBasis_RoundsBothFactorsAndHalvesStayAsTheyAre()
    {
        using var delta = TestWeights.Network(1);
        var exchange = new PowerSgdExchange(PowerSgdRound.Rank, ValueFormat.Fp32);
        using var round = PowerSgdRound.Run([delta], PowerSgdSubspace.First(delta, PowerSgdRound.Rank, 1));
        var half = new HalfPrecisionExchange(exchange);
        var sent = half.Compress(delta, round.Basis);
        Assert.Equal(exchange.Compress(delta, round.Basis).ValueBytes, 2 * sent.ValueBytes);
        Assert.All(sent.Tensors, tensor => Assert.Equal(ValueFormat.Fp16, tensor.Format));
        var again = new HalfPrecisionExchange(half).Compress(delta, round.Basis);
        using var once = DeltaDecompressor.Decompress(sent);
        using var twice = DeltaDecompressor.Decompress(again);
        TestWeights.AssertSameBits(once, twice);
    }

    [Fact]
    public void Pack_AlignedReplicaInAnotherOrder_SendsWhatTheReferenceHas()
    {
        var architecture = ArchitectureCatalog.Parse(AlignmentNetworks.Texts.First());
        using var scope = NewDisposeScope();
        using var reference = AlignmentNetworks.Build(architecture);
        using var weights = WeightSet.CopyOf(reference);
        using var permuted = AlignmentNetworks.Shuffle(architecture, 1).Apply(weights);
        using var start = weights.Map((_, tensor) => zeros_like(tensor));
        var replica = new NodeReplica(architecture, start, AlignmentNetworks.Inputs(architecture));
        var aligned = UpdateExchanges.Create(new ExchangeOptions(AlignedExchange.Name));
        var basis = aligned.MakeBasis([new Proposal("a", 1, aligned.Propose(new NodeUpdate(weights)))]);
        using var sent = DeltaDecompressor.Decompress(
            aligned.Pack(new NodeUpdate(permuted) { Replica = replica }, basis)
        );
        TestWeights.AssertSameBits(weights, sent);
    }

    [Fact]
    public void Pack_AlignedWithoutReferenceOrReplica_IsRefused()
    {
        using var delta = TestWeights.Network(1);
        var aligned = UpdateExchanges.Create(new ExchangeOptions(AlignedExchange.Name));
        var reference = UpdateExchanges.Create(new ExchangeOptions(DenseExchange.Name)).Compress(delta);
        foreach (var basis in new[] { null, reference })
        {
            var error = Assert.Throws<ArgumentException>(() => aligned.Pack(new NodeUpdate(delta), basis));
            Assert.Contains("a reference and the node's replica", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("zip", 4, "There is no exchange 'zip'; there are: dense, svd, powersgd, aligned.")]
    [InlineData("SVD", 4, "There is no exchange 'SVD'")]
    [InlineData("svd", -1, "The rank of svd must be in [0, 4096]; it is -1.")]
    [InlineData("powersgd", 4097, "The rank of powersgd must be in [0, 4096]; it is 4097.")]
    public void Create_BadOptions_SaysWhy(string name, int rank, string reason) =>
        Assert.Contains(
            reason,
            Assert.Throws<ArgumentException>(() => UpdateExchanges.Create(new ExchangeOptions(name, rank))).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void ValueFormat_Numbers_ArePinned() =>
        Assert.Equal(
            "Fp32=0 Fp16=1",
            string.Join(' ', Enum.GetValues<ValueFormat>().Select(format => $"{format}={(int)format}"))
        );
}
