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

    [Fact]
    public void Find_EveryName_GivesThatGate()
    {
        Assert.Equal(["evidence", "entropy"], GateCatalog.Names);
        Assert.All(GateCatalog.Names, name => Assert.Equal(name, GateCatalog.Find(name).Name));
    }

    [Fact]
    public void Find_UnknownName_ThrowsNamingTheKnown()
    {
        string message = Assert.Throws<ArgumentException>(() => GateCatalog.Find("foo")).Message;
        Assert.Contains("'foo'", message, StringComparison.Ordinal);
        Assert.Contains("evidence, entropy", message, StringComparison.Ordinal);
    }
}
