using Dmkd.Core.Routing;

namespace Dmkd.Core.Tests.Routing;

public sealed class GateTests
{
    [Theory]
    [InlineData(3.5, new double[] { -1, 3.5, 2 })]
    [InlineData(-7, new double[] { -7 })]
    public void EvidenceScore_IsTheLargestClassScore(double expected, double[] scores) => Assert.Equal(expected, new EvidenceGate().Score(scores));

    [Fact]
    public void EntropyScore_EvenScores_IsMinusTheLogarithmOfTheirNumber() =>
        Assert.Equal(-Math.Log(4), new EntropyGate().Score([2, 2, 2, 2]), 1e-12);

    [Fact]
    public void EntropyScore_ByHand_IsMinusTheEntropyInNats() =>
        Assert.Equal(0.75 * Math.Log(0.75) + 0.25 * Math.Log(0.25), new EntropyGate().Score([Math.Log(3), 0]), 1e-12);

    [Theory]
    [InlineData(new double[] { 5 })]
    [InlineData(new double[] { 5, -2000 })] // the second probability is 0, not NaN
    public void EntropyScore_CertainAnswer_IsZero(double[] scores) => Assert.Equal(0, new EntropyGate().Score(scores));

    [Fact]
    public void EntropyScore_ManyClasses_IsTheSameFormula() =>
        Assert.Equal(-Math.Log(1000), new EntropyGate().Score(new double[1000]), 1e-9); // sum of a thousand terms

    [Theory]
    [InlineData(new double[] { 1, 2, 3 }, 3.4076059644443806)] // ln(e + e² + e³)
    [InlineData(new double[] { -4 }, -4)]
    [InlineData(new double[] { 1000, 1000 }, 1000.6931471805599)] // 1000 + ln 2: e^1000 itself overflows
    [InlineData(new double[] { -2000, -2000 }, -1999.3068528194401)]
    public void NetworkScore_IsTheLogarithmOfTheSumOfExponentials(double[] logits, double expected) =>
        Assert.Equal(expected, new NetworkGate().Score(logits), 1e-9);

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
        Assert.Contains("max-logit, energy, probability", Assert.Throws<ArgumentException>(() => EvidenceScores.Find("margin")).Message, StringComparison.Ordinal);

    [Fact]
    public void ChoosesFirst_OnlyGatesThatNeedNoExpertsScores() =>
        Assert.Equal(["network", "mlp"], GateCatalog.Names.Where(name => Create(name).ChoosesFirst));

    [Fact]
    public void Create_EveryName_GivesThatGate()
    {
        Assert.Equal(["evidence", "entropy", "network", "mlp", "hybrid"], GateCatalog.Names);
        Assert.Equal(["evidence", "entropy", "mlp", "hybrid", "oracle"], GateCatalog.NamesForRuns);
        Assert.All(GateCatalog.Names, name => Assert.Equal(name, Create(name).Name));
    }

    [Theory]
    [InlineData("foo", "no gate 'foo'; there are: evidence, entropy, network, mlp, hybrid")]
    [InlineData("oracle", "knows the task of a test image")]
    [InlineData("mlp", "'mlp' is fitted to exemplars")]
    public void Create_WhatALibraryCannotRouteBy_SaysWhy(string name, string message) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => GateCatalog.Create(name)).Message, StringComparison.Ordinal);

    private static IGate Create(string name) => GateCatalog.Create(name, scorer: new PairScorer(new PairScorerWeights([0], [1], [1], [0], [1])));
}
