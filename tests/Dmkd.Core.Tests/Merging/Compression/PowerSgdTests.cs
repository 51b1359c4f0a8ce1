using CsCheck;
using Dmkd.Core.Merging.Compression;
using Dmkd.Core.Modules;
using Dmkd.Core.Preservation;
using Dmkd.Core.Tests.Devices;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Compression;

public class PowerSgdTests
{
    private const int Rank = PowerSgdRound.Rank;

    [Fact]
    public void Round_SentUpdate_IsTheProjectionOntoTheBasis()
    {
        using var delta = TestWeights.Network(1);
        using var other = TestWeights.Network(2);
        using var round = PowerSgdRound.Run([delta, other], PowerSgdSubspace.First(delta, Rank, 1));
        using var update = DeltaDecompressor.Decompress(round.Updates[0]);
        using var scope = NewDisposeScope();
        var basis = BasisOf(round, "head.weight", 20);
        Assert.True(update["head.weight"].allclose(basis.mm(basis.t().mm(delta["head.weight"])), rtol: 0, atol: 1e-5));
        Assert.Equal(delta.Values("head.bias"), update.Values("head.bias"));
        Assert.InRange(TestWeights.RelativeError(delta["conv.weight"], update["conv.weight"]), 0.1, 0.99);
    }

    [Fact]
    public void Round_SentAndResidual_AddUpForAnyShapesAndFormats() =>
        Gen.Select(Gen.ULong, Gen.Long[1, 30], Gen.Long[1, 30], Gen.Int[1, 4], Gen.Bool).Sample(
            (seed, rows, columns, rank, half) =>
            {
                using var scope = NewDisposeScope();
                using var delta = TestWeights.Random(seed, ("m", [rows, columns]), ("v", [rows]));
                using var residual = TestWeights.Random(~seed, ("m", [rows, columns]), ("v", [rows]));
                using var round = PowerSgdRound.Run(
                    [delta], PowerSgdSubspace.First(delta, rank, seed), null, half ? ValueFormat.Fp16 : ValueFormat.Fp32, rank, [residual]);
                using var update = DeltaDecompressor.Decompress(round.Updates[0]);
                foreach (var (name, tensor) in delta)
                {
                    var got = update[name] + round.Residuals[0][name];
                    Assert.True((tensor + residual[name]).allclose(got, rtol: 0, atol: 3e-6)); // roundings of values of about 5
                }
            },
            iter: 100, threads: 1);

    [Fact]
    public void Round_Mean_EqualsTheMeanOfTheUpdates()
    {
        using var one = TestWeights.Network(1);
        using var other = TestWeights.Network(2);
        double[] weights = [0.25, 0.75];
        using var round = PowerSgdRound.Run([one, other], PowerSgdSubspace.First(one, Rank, 1), weights);
        using var merged = DeltaDecompressor.Decompress(round.Merged!);
        using var oneUpdate = DeltaDecompressor.Decompress(round.Updates[0]);
        using var otherUpdate = DeltaDecompressor.Decompress(round.Updates[1]);
        using var scope = NewDisposeScope();
        foreach (var (name, tensor) in merged)
            Assert.True(tensor.allclose(oneUpdate[name] * 0.25 + otherUpdate[name] * 0.75, rtol: 0, atol: 2e-6)); // Qs are rounded after the sum
    }

    [Fact]
    public void Round_OfSeveralNodes_EqualsTheRoundOfTheirMean()
    {
        using var one = TestWeights.Network(1);
        using var other = TestWeights.Network(2);
        using var mean = one.Map((name, tensor) => (tensor + other[name]) / 2);
        var subspace = PowerSgdSubspace.First(one, Rank, 1);
        using var several = PowerSgdRound.Run([one, other], subspace);
        using var single = PowerSgdRound.Run([mean], subspace);
        using var merged = DeltaDecompressor.Decompress(several.Merged!);
        using var reference = DeltaDecompressor.Decompress(single.Merged!);
        Assert.All(reference, pair => Assert.True(pair.Value.allclose(merged[pair.Key], rtol: 0, atol: 1e-5))); // linear, up to float32 rounding
    }

    [Fact]
    public void Round_UpdateOfThatRank_IsLossless()
    {
        using var scope = NewDisposeScope();
        using var parts = TestWeights.Random(1, ("u", [24, Rank]), ("v", [Rank, 144]));
        using var delta = TestWeights.Of(("m", parts["u"].mm(parts["v"]).data<float>().ToArray(), [24, 16, 3, 3]));
        using var round = PowerSgdRound.Run([delta], PowerSgdSubspace.First(delta, Rank, 1));
        using var back = DeltaDecompressor.Decompress(round.Merged!);
        Assert.InRange(TestWeights.RelativeError(delta["m"], back["m"]), 0, 1e-5);
    }

    [Fact]
    public void Next_SameUpdateAgain_ApproachesTheBestFactors()
    {
        using var scope = NewDisposeScope();
        using var gaussian = TestWeights.Random(1, ("m", [60, 80]));
        var (u, _, vt) = linalg.svd(gaussian["m"], fullMatrices: false);
        var singular = arange(1, 61).to(ScalarType.Float32).pow(-1);
        using var delta = TestWeights.Of(("m", (u * singular).mm(vt).data<float>().ToArray(), [60, 80]));
        double optimum = (singular.narrow(0, Rank, 60 - Rank).norm() / singular.norm()).item<float>();
        var subspace = PowerSgdSubspace.First(delta, Rank, 1);
        List<double> ratios = [];
        for (int i = 0; i < 8; i++)
        {
            using var round = PowerSgdRound.Run([delta], subspace);
            using var back = DeltaDecompressor.Decompress(round.Merged!);
            ratios.Add(TestWeights.RelativeError(delta["m"], back["m"]) / optimum);
            subspace = PowerSgdSubspace.Next(round.Merged!);
        }

        Assert.InRange(ratios[^1], 0.999, 1.005);
        Assert.True(ratios[0] > ratios[^1] * 1.02, $"the first round's ratio {ratios[0]:f3} leaves warm starts nothing to gain");
    }

    [Fact]
    public void Next_Subspace_IsOrthonormalAndSpansTheRightFactors()
    {
        using var delta = TestWeights.Network(1);
        using var round = PowerSgdRound.Run([delta], PowerSgdSubspace.First(delta, Rank, 1));
        var merged = (ProductTensor)round.Merged!.Tensors[2];
        var next = (RightFactorTensor)PowerSgdSubspace.Next(round.Merged).Tensors[1];
        Assert.Equal("head.weight", next.Name);
        using var scope = NewDisposeScope();
        var right = ValueCodec.Decode(merged.Right, merged.Format, Rank, 96);
        var rows = ValueCodec.Decode(next.Right, next.Format, Rank, 96);
        Assert.True(rows.mm(rows.t()).allclose(eye(Rank), rtol: 0, atol: 1e-6));
        Assert.True(right.mm(rows.t()).mm(rows).allclose(right, rtol: 0, atol: 1e-5)); // float32, values of about 3
    }

    [Fact]
    public void Basis_WeightOfZero_LeavesTheNodeOut()
    {
        using var one = TestWeights.Network(1);
        using var other = TestWeights.Network(2);
        var subspace = PowerSgdSubspace.First(one, Rank, 1);
        CompressedDelta[] projections = [.. ((WeightSet[])[one, other]).Select(delta => PowerSgdProjection.Project(delta, subspace, ValueFormat.Fp32))];
        byte[] expected = Bytes(PowerSgdProjection.Basis([projections[1]], null, ValueFormat.Fp32));
        Assert.Equal(expected, Bytes(PowerSgdProjection.Basis(projections, [0, 4], ValueFormat.Fp32))); // sample counts need no normalising
        Assert.NotEqual(expected, Bytes(PowerSgdProjection.Basis(projections, [1, 3], ValueFormat.Fp32)));
    }

    [Fact]
    public void Round_ErrorFeedbackOverRounds_DeliversTheWholeUpdate()
    {
        using var delta = TestWeights.Network(1);
        using var arrived = delta.Map((_, tensor) => tensor * 0);
        var subspace = PowerSgdSubspace.First(delta, Rank, 1);
        WeightSet[]? residuals = null;
        const int rounds = 60;
        for (int i = 0; i < rounds; i++)
        {
            var round = PowerSgdRound.Run([delta], subspace, residuals: residuals);
            using var update = DeltaDecompressor.Decompress(round.Merged!);
            using (NewDisposeScope())
                foreach (var (name, tensor) in update) arrived[name].add_(tensor / rounds);
            subspace = PowerSgdSubspace.Next(round.Merged!);
            foreach (var residual in residuals ?? []) residual.Dispose();
            residuals = round.Residuals;
        }

        foreach (var residual in residuals!) residual.Dispose();
        Assert.InRange(TestWeights.RelativeError(delta["conv.weight"], arrived["conv.weight"]), 0, 0.3); // without feedback about 0.9
    }

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
    public void Round_ResNet18_ShrinksByThePublishedRatio(int rank, int published) // Vogels et al. 2019, table 3, statistics not counted
    {
        using var network = WeightTransfer.RandomWeights(Core.Modules.ArchitectureCatalog.Named("resnet18", 10), 1);
        using var delta = new WeightSet(network.Where(pair => !pair.Key.Contains("running_", StringComparison.Ordinal)));
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
        using var exact = DeltaDecompressor.Decompress(new PowerSgdCompressor(Rank, round.Basis).Compress(delta));
        using var scope = NewDisposeScope();
        var basis = BasisOf(round, "head.weight", 20);
        Assert.True(basis.t().mm(basis).allclose(eye(Rank), rtol: 0, atol: 2e-3)); // columns of length 1, rounded to 11 bits
        Assert.False(basis.t().mm(basis).allclose(eye(Rank), rtol: 0, atol: 1e-6));
        Assert.True(update["head.weight"].allclose(basis.mm(basis.t().mm(delta["head.weight"])), rtol: 0, atol: 1e-2)); // Q of values of about 3, to 11 bits
        TestWeights.AssertSameBits(Only(exact, "head.weight"), Only(update, "head.weight"));
    }

    [Fact]
    public void Round_SameInputs_GivesTheSameBytes()
    {
        using var one = TestWeights.Network(1);
        using var other = TestWeights.Network(2);
        using var first = PowerSgdRound.Run([one, other], PowerSgdSubspace.First(one, Rank, 7));
        using var second = PowerSgdRound.Run([one, other], PowerSgdSubspace.First(one, Rank, 7));
        Assert.Equal(Bytes(first.Basis), Bytes(second.Basis));
        Assert.Equal(Bytes(first.Sent[1]), Bytes(second.Sent[1]));
        Assert.Equal(Bytes(PowerSgdSubspace.Next(first.Merged!)), Bytes(PowerSgdSubspace.Next(second.Merged!)));
    }

    [Fact]
    public void First_WeightsInAnotherOrder_GivesTheSameSubspace()
    {
        using var forward = TestWeights.Random(1, ("a", [10, 20]), ("b", [30, 10]));
        using var backward = TestWeights.Random(2, ("b", [30, 10]), ("a", [10, 20]));
        var one = PowerSgdSubspace.First(forward, 2, 5);
        Assert.Equal(["a", "b"], one.Tensors.Select(tensor => tensor.Name));
        Assert.Equal(Bytes(one), Bytes(PowerSgdSubspace.First(backward, 2, 5)));
        Assert.NotEqual(Bytes(one), Bytes(PowerSgdSubspace.First(forward, 2, 6)));
    }

    [Theory]
    [InlineData("zero")]
    [InlineData("one row")]
    [InlineData("same rows")]
    public void Round_DegenerateUpdate_StaysFiniteAndIsNotLost(string kind)
    {
        using var scope = NewDisposeScope();
        using var delta = TestWeights.Random(1, ("m", [20, 30]));
        switch (kind)
        {
            case "zero": delta["m"].zero_(); break;
            case "one row": delta["m"][TensorIndex.Slice(1)] = 0; break;
            default: delta["m"].copy_(delta["m"].narrow(0, 0, 1).expand(20, 30).clone()); break;
        }

        using var round = PowerSgdRound.Run([delta, delta], PowerSgdSubspace.First(delta, Rank, 1));
        using var next = PowerSgdRound.Run([delta, delta], PowerSgdSubspace.Next(round.Merged!));
        foreach (var each in (PowerSgdRound[])[round, next])
        {
            Assert.Null(PowerSgdCheck.FindFactorProblem(delta, each.Basis, Rank, ValueFormat.Fp32));
            Assert.Null(PowerSgdCheck.FindUpdateProblem(delta, each.Sent[0], each.Basis));
            using var merged = DeltaDecompressor.Decompress(each.Merged!);
            Assert.True(merged["m"].allclose(delta["m"], rtol: 0, atol: 1e-5)); // of rank 1 at most, so nothing is lost
        }
    }

    [Fact]
    public void Round_NothingToFactor_SendsAllInPhaseTwo()
    {
        using var delta = TestWeights.Random(1, ("m", [4, 4]), ("v", [9]));
        using var round = PowerSgdRound.Run([delta, delta], PowerSgdSubspace.First(delta, Rank, 1));
        Assert.Empty(round.Basis.Tensors);
        Assert.All(round.Sent[0].Tensors, tensor => Assert.IsType<DenseTensor>(tensor));
        Assert.Null(round.Merged); // whole in fp32 anyway
    }

    [Fact]
    public void Round_LeaksNoTensor()
    {
        using var delta = TestWeights.Network(1);
        Assert.Equal(0, LiveTensors.Change(() => PowerSgdRound.Run([delta, delta], PowerSgdSubspace.First(delta, Rank, 1)).Dispose()));
    }

    [Fact]
    public void Compress_BasisOfAnotherModule_IsRefused()
    {
        using var delta = TestWeights.Network(1);
        using var other = TestWeights.Random(1, ("m", [20, 30]));
        using var round = PowerSgdRound.Run([delta], PowerSgdSubspace.First(delta, Rank, 1));
        var compressor = new PowerSgdCompressor(Rank, round.Basis);
        Refused("'conv.weight' of the basis is not in the delta", () => compressor.Compress(other));
        Refused("'m' of shape [20, 30] does not fit", () => new PowerSgdCompressor(Rank, new CompressedDelta([])).Compress(other));
        Refused("has rank 4; the compressor's is 5", () => new PowerSgdCompressor(5, round.Basis));
        Refused("of the subspace, shape [20, 96], is not in the delta", () =>
            PowerSgdProjection.Project(other, new CompressedDelta([PowerSgdSubspace.First(delta, Rank, 1).Tensors[^1]]), ValueFormat.Fp32));
    }

    [Fact]
    public void Project_NotFinite_IsRefusedByName()
    {
        using var delta = TestWeights.Network(1);
        delta["head.weight"][3, 3] = float.NaN;
        var subspace = PowerSgdSubspace.First(delta, Rank, 1);
        Refused("'head.weight' of the projections", () => PowerSgdProjection.Project(delta, subspace, ValueFormat.Fp16));
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
        Assert.Throws<ArgumentException>(() => PowerSgdProjection.Basis([projection, projection], weights, ValueFormat.Fp32));
    }

    [Fact]
    public void Basis_PayloadsThatDoNotBelongTogether_AreRefused()
    {
        using var delta = TestWeights.Network(1);
        var projection = PowerSgdProjection.Project(delta, PowerSgdSubspace.First(delta, Rank, 1), ValueFormat.Fp32);
        var ofRank3 = PowerSgdProjection.Project(delta, PowerSgdSubspace.First(delta, 3, 1), ValueFormat.Fp32);
        var shorter = new CompressedDelta([projection.Tensors[0]]);
        Refused("one rank", () => PowerSgdProjection.Basis([projection, ofRank3], null, ValueFormat.Fp32));
        Refused("one holds 2, another 1", () => PowerSgdProjection.Basis([projection, shorter], null, ValueFormat.Fp32));
        Assert.Throws<ArgumentException>(() => PowerSgdProjection.Basis([], null, ValueFormat.Fp32));
    }

    private static void Refused(string reason, Func<object> action) =>
        Assert.Contains(reason, Assert.ThrowsAny<ArgumentException>(() => action()).Message, StringComparison.Ordinal);

    private static Tensor BasisOf(PowerSgdRound round, string name, long rows)
    {
        var factor = (LeftFactorTensor)round.Basis.Tensors.Single(tensor => tensor.Name == name);
        return ValueCodec.Decode(factor.Left, factor.Format, rows, factor.Rank);
    }

    private static WeightSet Only(WeightSet weights, string name) => new([KeyValuePair.Create(name, weights[name])]);

    private static byte[] Bytes(CompressedDelta delta) => [.. delta.Tensors.SelectMany(tensor => tensor switch
    {
        LeftFactorTensor left => left.Left,
        RightFactorTensor right => right.Right,
        _ => ((DenseTensor)tensor).Values,
    })];
}
