using Dmkd.Core.Training;

namespace Dmkd.Core.Tests.Training;

public sealed class LearningRateScheduleTests
{
    [Fact]
    public void Cosine_FirstRound_IsTheInitialRate() =>
        Assert.Equal(0.002, LearningRateSchedule.Cosine(0.002, 0, 12), 1e-15);

    [Fact]
    public void Cosine_HalfWay_IsTheMeanOfTheInitialRateAndItsFloor() =>
        Assert.Equal((1 + 0.02) / 2, LearningRateSchedule.Cosine(1, 6, 12), 1e-12);

    [Fact]
    public void Cosine_AfterTheLastRound_IsTwoPercent() =>
        Assert.Equal(0.02, LearningRateSchedule.Cosine(1, 12, 12), 1e-12);

    [Fact]
    public void Cosine_OverTheRounds_Falls()
    {
        double[] rates = [.. Enumerable.Range(0, 12).Select(round => LearningRateSchedule.Cosine(1, round, 12))];
        Assert.Equal(rates.OrderDescending(), rates);
        Assert.Equal(12, rates.Distinct().Count());
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(-1, 4)]
    public void Cosine_NumberOutOfRange_Throws(int round, int rounds) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => LearningRateSchedule.Cosine(1, round, rounds));
}
