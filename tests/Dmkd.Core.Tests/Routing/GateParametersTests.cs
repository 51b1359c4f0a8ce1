using System.Text;
using Dmkd.Core.Routing;
using Dmkd.Core.Tensors;

namespace Dmkd.Core.Tests.Routing;

public sealed class GateParametersTests
{
    [Fact]
    public void Decode_WhatWasEncoded_IsTheSameToTheLastBit()
    {
        double[] values = [1.0 / 3, double.Epsilon, -0.0, 1e300, Math.PI, 7];
        var decoded = GateParameters.Decode(
            new GateParameters("affine") { ["scale"] = new GateArray([2, 3], values) }.Encode()
        );
        Assert.Equal("affine", decoded.Fit);
        Assert.Equal([2L, 3L], decoded["scale"].Shape);
        Assert.Equal(
            values.Select(BitConverter.DoubleToInt64Bits),
            decoded["scale"].Values.Select(BitConverter.DoubleToInt64Bits)
        );
    }

    [Fact]
    public void Decode_PairsOfAnOlderHome_Calibrate()
    {
        var older = Decode("""{"pairs":[{"scale":2,"shift":1},{"scale":0.5,"shift":-3}]}""");
        var gate = new AffineGate(EvidenceScore.MaxLogit).Fitted(older, [1, 0]);
        var scores = new ExemplarScores([new([0], 0, [4]), new([1], 0, [4])], [0], []);
        Assert.Equal([-1f, 9f], gate.Look(new KnownScores(scores)).Select(view => view.ClassScores[0]));
    }

    [Fact]
    public void Decode_DiscriminantsOfAnOlderHome_AreThose()
    {
        var older = Decode("""{"discriminants":[{"width":2,"classes":[3,4],"weights":[1,2,3,4],"offsets":[5,6]}]}""");
        Assert.Equal("discriminant", older.Fit);
        Assert.Equal([2L, 2L], older["0.weights"].Shape);
        Assert.Equal([3.0, 4.0], older["0.classes"].Values);
        Assert.Equal([5.0, 6.0], older["0.offsets"].Values);
    }

    [Fact]
    public void Decode_ScorerOfAnOlderHome_IsTheSameAsAFitOfToday()
    {
        var scorer = new PairScorerWeights(
            [1, 4, 0, 0, 0, 0, 0],
            [2, 1, 1, 1, 1, 1, 1],
            [1, 0, 0, 0, 0, 0, 0],
            [0.5],
            [5]
        );
        byte[] today = ScorerGate.ToParameters("hybrid", scorer, [new ExpertProfile([1, 2], 3, 4)], [5, 6]).Encode();
        const string Older = """
            {"scorer":{"gate":"hybrid","scorer":{"centre":[1,4,0,0,0,0,0],"spread":[2,1,1,1,1,1,1],"first":[1,0,0,0,0,0,0],"bias":[0.5],"second":[5]},
            "profiles":[{"descriptor":[1,2],"evidenceMean":3,"evidenceSpread":4}],"descriptorSpread":[5,6]}}
            """;
        Assert.Equal(today, Decode(Older).Encode());
    }

    [Theory]
    [InlineData("""{"other":1}""", "neither pairs nor a scorer nor discriminants")]
    [InlineData("""{"pairs":""", "neither safetensors nor JSON")]
    [InlineData("what", "safetensors")]
    public void Decode_SomethingElse_SaysSo(string text, string message) =>
        Assert.Contains(
            message,
            Assert.Throws<CheckpointFormatException>(() => Decode(text)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Fitted_ParametersOfAnotherGate_AreRefused()
    {
        var parameters = new GateParameters("discriminant");
        Assert.Contains(
            "'discriminant', not of 'affine'",
            Assert
                .Throws<CheckpointFormatException>(() => new AffineGate(EvidenceScore.MaxLogit).Fitted(parameters, [0]))
                .Message,
            StringComparison.Ordinal
        );
    }

    private static GateParameters Decode(string text) => GateParameters.Decode(Encoding.UTF8.GetBytes(text));
}
