using Dmkd.Core.Routing;

namespace Dmkd.Core.Tests.Routing;

public sealed class GateTests
{
    [Theory]
    [InlineData(3.5, new double[] { -1, 3.5, 2 })]
    [InlineData(-7, new double[] { -7 })]
    public void EvidenceScore_IsTheLargestClassScore(double expected, double[] scores) =>
        Assert.Equal(expected, new EvidenceGate().Score(scores));

    [Fact]
    public void EntropyScore_EvenScores_IsMinusTheLogarithmOfTheirNumber() =>
        Assert.Equal(-Math.Log(4), EntropyGate.Score([2, 2, 2, 2]), 1e-12);

    [Fact]
    public void EntropyScore_ByHand_IsMinusTheEntropyInNats() =>
        Assert.Equal(0.75 * Math.Log(0.75) + 0.25 * Math.Log(0.25), EntropyGate.Score([Math.Log(3), 0]), 1e-12);

    [Theory]
    [InlineData(new double[] { 5 })]
    [InlineData(new double[] { 5, -2000 })] // the second probability is 0, not NaN
    public void EntropyScore_CertainAnswer_IsZero(double[] scores) => Assert.Equal(0, EntropyGate.Score(scores));

    [Fact]
    public void EntropyScore_ManyClasses_IsTheSameFormula() =>
        Assert.Equal(-Math.Log(1000), EntropyGate.Score(new double[1000]), 1e-9); // sum of a thousand terms

    [Theory]
    [InlineData(new double[] { 1, 2, 3 }, 3.4076059644443806)] // ln(e + e² + e³)
    [InlineData(new double[] { -4 }, -4)]
    [InlineData(new double[] { 1000, 1000 }, 1000.6931471805599)] // 1000 + ln 2: e^1000 itself overflows
    [InlineData(new double[] { -2000, -2000 }, -1999.3068528194401)]
    public void NetworkScore_IsTheLogarithmOfTheSumOfExponentials(double[] logits, double expected) =>
        Assert.Equal(expected, NetworkGate.Score(logits), 1e-9);

    [Theory]
    [InlineData(EvidenceScore.MaxLogit, 2)]
    [InlineData(EvidenceScore.Energy, 2.3132616875182228)] // ln(e² + e)
    [InlineData(EvidenceScore.Probability, 0.7310585786300049)] // e² / (e² + e)
    public void EvidenceScore_EveryFormula_ByHand(EvidenceScore score, double expected)
    {
        Assert.Equal(expected, new EvidenceGate(score).Score([1, 2]), 1e-12);
        Assert.Equal(3, EvidenceScores.Names.Count);
        Assert.Contains(score, EvidenceScores.Names.Select(EvidenceScores.Find));
    }

    [Fact]
    public void FindScore_UnknownName_ThrowsNamingTheKnown() =>
        Assert.Contains(
            "max-logit, energy, probability",
            Assert.Throws<ArgumentException>(() => EvidenceScores.Find("margin")).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void ChoosesFirst_OnlyGatesThatNeedNoExpertsScores() =>
        Assert.Equal(["network", "mlp"], GateCatalog.Names.Where(name => Create(name).ChoosesFirst));

    [Fact]
    public void Names_OfLibrariesAndRuns_AreThoseTheyCanRouteBy()
    {
        Assert.Equal(["evidence", "entropy", "network", "mlp", "hybrid"], GateCatalog.Names);
        Assert.Equal(["evidence", "entropy", "mlp", "hybrid", "oracle"], GateCatalog.NamesForRuns);
        Assert.Equal(["none", "affine", "discriminant"], GateCatalog.Calibrations);
    }

    [Theory]
    [InlineData("evidence", "none", GateNeeds.Nothing)]
    [InlineData("evidence", "affine", GateNeeds.Exemplars)]
    [InlineData("evidence", "discriminant", GateNeeds.Moments)]
    [InlineData("entropy", "none", GateNeeds.Nothing)]
    [InlineData("network", "none", GateNeeds.GateNetwork)]
    [InlineData("mlp", "none", GateNeeds.Exemplars | GateNeeds.Descriptors)]
    [InlineData("hybrid", "none", GateNeeds.Exemplars | GateNeeds.Descriptors)]
    [InlineData("oracle", "none", GateNeeds.Task)]
    public void Needs_EveryGate_SaysWhatMustBeMeasured(string gate, string calibration, GateNeeds needs)
    {
        var made = Create(gate, calibration);
        Assert.Equal(needs, made.Needs);
        Assert.Equal(
            needs is GateNeeds.Exemplars or GateNeeds.Moments or (GateNeeds.Exemplars | GateNeeds.Descriptors),
            made.NeedsFit
        );
    }

    [Theory]
    [InlineData("foo", "none", "no gate 'foo'; there are: evidence, entropy, network, mlp, hybrid")]
    [InlineData("evidence", "isotonic", "Calibration must be one of none, affine, discriminant, not 'isotonic'")]
    [InlineData("entropy", "affine", "Calibration 'affine' is for the gate 'evidence', not 'entropy'")]
    public void Create_WhatThereIsNot_SaysWhatThereIs(string gate, string calibration, string message) =>
        Assert.Contains(
            message,
            Assert.Throws<ArgumentException>(() => Create(gate, calibration)).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("mlp")]
    [InlineData("hybrid")]
    public void Score_BeforeTheFit_SaysSo(string gate)
    {
        var pair = new ExpertInput(new ExpertView([0], 0, [1], Features: [1]), [0], 0, 1);
        Assert.Contains(
            $"'{gate}' is fitted to exemplars",
            Assert.Throws<InvalidOperationException>(() => Create(gate).Score(pair)).Message,
            StringComparison.Ordinal
        );
    }

    private static IGate Create(string name, string calibration = "none") =>
        GateCatalog.Create(new GateOptions(name, calibration));
}
