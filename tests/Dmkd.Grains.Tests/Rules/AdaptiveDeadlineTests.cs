using Dmkd.Grains.Runs.Rounds;

namespace Dmkd.Grains.Tests.Rules;

public sealed class AdaptiveDeadlineTests
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(2),
        Longest = TimeSpan.FromSeconds(60);

    [Fact]
    public void Wait_NoArrivalYet_IsTheLongest() =>
        Assert.Equal(Longest, AdaptiveDeadline.Wait([], Shortest, Longest, 6));

    [Fact]
    public void Wait_KnownArrivals_IsTheMedianPlusDeviations() =>
        // Median 6, distances from it 2 1 0 1 4: their median is 1.
        Assert.Equal(TimeSpan.FromSeconds(6 + 3 * 1), AdaptiveDeadline.Wait([4, 5, 6, 7, 10], Shortest, Longest, 3));

    [Fact]
    public void Wait_EvenNumberOfArrivals_TakesTheMiddleOfTheTwo() =>
        // Median 5, distances from it 1 1 3 3: their median is 2.
        Assert.Equal(TimeSpan.FromSeconds(5 + 3 * 2), AdaptiveDeadline.Wait([8, 4, 6, 2], Shortest, Longest, 3));

    [Fact]
    public void Extend_NodesThatNeverCame_CountAsTwiceTheWaitAfterThoseThatCame() =>
        Assert.Equal([9, 1, 2, 8, 8], AdaptiveDeadline.Extend([9], [1, 2], absent: 2, TimeSpan.FromSeconds(4)));

    [Theory]
    [InlineData(0.1, 2)]
    [InlineData(500, 60)]
    public void Wait_OutsideTheLimits_IsTheLimit(double arrival, double expected) =>
        Assert.Equal(TimeSpan.FromSeconds(expected), AdaptiveDeadline.Wait([arrival], Shortest, Longest, 6));

    [Fact]
    public void Wait_MostOfTheNodesNeverCame_Grows()
    {
        var wait = TimeSpan.FromSeconds(4);
        var history = AdaptiveDeadline.Extend([], [1, 1], absent: 0, wait);
        for (int round = 0; round < 4; round++)
        {
            history = AdaptiveDeadline.Extend(history, [1], absent: 3, wait);
            wait = AdaptiveDeadline.Wait(history, Shortest, Longest, 6);
        }

        Assert.True(wait > TimeSpan.FromSeconds(4), $"{wait}");
    }

    [Fact]
    public void Extend_ManyRounds_ForgetsTheOldest()
    {
        List<double> history = [];
        for (int i = 0; i < 1000; i++)
            history = AdaptiveDeadline.Extend(history, [i], absent: 0, Shortest);
        Assert.Equal(
            Enumerable.Range(1000 - AdaptiveDeadline.Memory, AdaptiveDeadline.Memory).Select(i => (double)i),
            history
        );
    }
}
