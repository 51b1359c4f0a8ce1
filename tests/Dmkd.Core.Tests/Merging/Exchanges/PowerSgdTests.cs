using CsCheck;
using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Devices;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Exchanges;

/// <summary>What PowerSGD computes: projections, means and error feedback over rounds.</summary>
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
        var basis = round.BasisOf("head.weight", 20);
        Assert.True(update["head.weight"].allclose(basis.mm(basis.t().mm(delta["head.weight"])), rtol: 0, atol: 1e-5));
        Assert.Equal(delta.Values("head.bias"), update.Values("head.bias"));
        Assert.InRange(TestWeights.RelativeError(delta["conv.weight"], update["conv.weight"]), 0.1, 0.99);
    }

    [Fact]
    public void Round_SentAndResidual_AddUpForAnyShapesAndFormats() =>
        Gen.Select(Gen.ULong, Gen.Long[1, 30], Gen.Long[1, 30], Gen.Int[1, 4], Gen.Bool)
            .Sample(
                (seed, rows, columns, rank, half) =>
                {
                    using var scope = NewDisposeScope();
                    using var delta = TestWeights.Random(seed, ("m", [rows, columns]), ("v", [rows]));
                    using var residual = TestWeights.Random(~seed, ("m", [rows, columns]), ("v", [rows]));
                    using var round = PowerSgdRound.Run(
                        [delta],
                        PowerSgdSubspace.First(delta, rank, seed),
                        null,
                        half ? ValueFormat.Fp16 : ValueFormat.Fp32,
                        rank,
                        [residual]
                    );
                    using var update = DeltaDecompressor.Decompress(round.Updates[0]);
                    foreach (var (name, tensor) in delta)
                    {
                        var got = update[name] + round.Residuals[0][name];
                        // roundings of values of about 5
                        Assert.True((tensor + residual[name]).allclose(got, rtol: 0, atol: 3e-6));
                    }
                },
                iter: 100,
                threads: 1
            );

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
            // Qs are rounded after the sum
            Assert.True(tensor.allclose(oneUpdate[name] * 0.25 + otherUpdate[name] * 0.75, rtol: 0, atol: 2e-6));
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
        // linear, up to float32 rounding
        Assert.All(reference, pair => Assert.True(pair.Value.allclose(merged[pair.Key], rtol: 0, atol: 1e-5)));
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
        Assert.True(
            ratios[0] > ratios[^1] * 1.02,
            $"the first round's ratio {ratios[0]:f3} leaves warm starts nothing to gain"
        );
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
    public void ClippedWeights_OneNodeAThousandTimesLonger_CountsAsLongAsTheMedian()
    {
        using var delta = TestWeights.Network(1);
        using var loud = delta.Map((_, tensor) => tensor * 1000);
        var subspace = PowerSgdSubspace.First(delta, Rank, 1);
        CompressedDelta[] projections =
        [
            .. ((WeightSet[])[delta, loud, delta]).Select(update =>
                PowerSgdProjection.Project(update, subspace, ValueFormat.Fp32)
            ),
        ];
        var weights = PowerSgdProjection.ClippedWeights(projections);
        Assert.Equal([1, 1], [weights[0], weights[2]]);
        Assert.Equal(1e-3, weights[1], 6);
    }

    [Fact]
    public void Basis_WeightOfZero_LeavesTheNodeOut()
    {
        using var one = TestWeights.Network(1);
        using var other = TestWeights.Network(2);
        var subspace = PowerSgdSubspace.First(one, Rank, 1);
        CompressedDelta[] projections =
        [
            .. ((WeightSet[])[one, other]).Select(delta =>
                PowerSgdProjection.Project(delta, subspace, ValueFormat.Fp32)
            ),
        ];
        byte[] expected = PowerSgdRound.BytesOf(PowerSgdProjection.Basis([projections[1]], null, ValueFormat.Fp32));
        // sample counts need no normalising
        Assert.Equal(expected, PowerSgdRound.BytesOf(PowerSgdProjection.Basis(projections, [0, 4], ValueFormat.Fp32)));
        Assert.NotEqual(
            expected,
            PowerSgdRound.BytesOf(PowerSgdProjection.Basis(projections, [1, 3], ValueFormat.Fp32))
        );
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
                foreach (var (name, tensor) in update)
                    arrived[name].add_(tensor / rounds);
            subspace = PowerSgdSubspace.Next(round.Merged!);
            foreach (var residual in residuals ?? [])
                residual.Dispose();
            residuals = round.Residuals;
        }

        foreach (var residual in residuals!)
            residual.Dispose();
        // without feedback about 0.9
        Assert.InRange(TestWeights.RelativeError(delta["conv.weight"], arrived["conv.weight"]), 0, 0.3);
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
            case "zero":
                delta["m"].zero_();
                break;
            case "one row":
                delta["m"][TensorIndex.Slice(1)] = 0;
                break;
            default:
                delta["m"].copy_(delta["m"].narrow(0, 0, 1).expand(20, 30).clone());
                break;
        }

        using var round = PowerSgdRound.Run([delta, delta], PowerSgdSubspace.First(delta, Rank, 1));
        using var next = PowerSgdRound.Run([delta, delta], PowerSgdSubspace.Next(round.Merged!));
        foreach (var each in (PowerSgdRound[])[round, next])
        {
            Assert.Null(new PowerSgdExchange(Rank, ValueFormat.Fp32).CheckProposal(delta, each.Basis));
            Assert.Null(new PowerSgdExchange(Rank, ValueFormat.Fp32).Check(delta, each.Sent[0], each.Basis));
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
        Assert.Equal(
            0,
            LiveTensors.Change(() =>
                PowerSgdRound.Run([delta, delta], PowerSgdSubspace.First(delta, Rank, 1)).Dispose()
            )
        );
    }
}
