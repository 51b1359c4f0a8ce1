using Dmkd.Experiments.Protocol;

namespace Dmkd.Experiments.Tests.Running;

public sealed class TimeLeftTests
{
    private static readonly (string, string, double)[] Finished =
    [
        ("a", "x", 10),
        ("a", "x", 20),
        ("a", "x", 90),
        ("a", "y", 100),
        ("b", "x", 7),
    ];

    [Fact]
    public void Estimate_NothingFinished_IsUnknown() => Assert.Null(TimeLeft.Estimate([], [("a", "x")], 1));

    [Theory]
    [InlineData("a", "x", 20)] // the median of its own
    [InlineData("a", "z", 55)] // of its method: 10, 20, 90, 100
    [InlineData("c", "x", 20)] // of all: 7, 10, 20, 90, 100
    public void Estimate_OneCell_TakesTheNearestMedian(string method, string dataset, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), TimeLeft.Estimate(Finished, [(method, dataset)], 1));

    [Fact]
    public void Estimate_TwoJobs_HalvesIt() =>
        Assert.Equal(TimeSpan.FromSeconds((20 + 100) / 2), TimeLeft.Estimate(Finished, [("a", "x"), ("a", "y")], 2));
}
