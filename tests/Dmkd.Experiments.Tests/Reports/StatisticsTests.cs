using Dmkd.Experiments.Reports;

namespace Dmkd.Experiments.Tests.Reports;

public sealed class StatisticsTests
{
    [Fact]
    public void SampleSummary_FourValues_DividesBySeedsMinusOne()
    {
        var summary = SampleSummary.Of([2, 4, 4, 6]);
        Assert.Equal((4, 4.0), (summary.Count, summary.Mean));
        Assert.Equal(Math.Sqrt(8.0 / 3), summary.Deviation!.Value, 1e-15); // the same sum
    }

    [Fact]
    public void SampleSummary_OneValue_HasNoDeviation() => Assert.Null(SampleSummary.Of([1.0]).Deviation);

    /// <summary>
    /// Student (1908): hours of sleep gained by ten patients with two drugs; R's t.test(extra ~ group, paired = TRUE)
    /// says p = 0.002833.
    /// </summary>
    [Fact]
    public void PairedTest_StudentsSleepData_HasThePublishedP()
    {
        var test = PairedTest.Of(
            [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
            [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
        )!;
        Assert.Equal(10, test.Pairs);
        Assert.Equal(-1.58, test.MeanDifference, 1e-12);
        Assert.Equal(0.002833, test.PValue!.Value, 5e-7); // as many digits as are published
    }

    /// <summary>Two degrees of freedom have a closed form: p = 1 - t / sqrt(t² + 2).</summary>
    [Fact]
    public void PairedTest_ThreePairs_FollowsTheClosedForm()
    {
        var test = PairedTest.Of([2.0, 3.0, 7.0], [1.0, 1.0, 1.0])!; // differences 1, 2, 6: mean 3, variance 7
        double t = 3 / Math.Sqrt(7.0 / 3);
        Assert.Equal(1 - t / Math.Sqrt(t * t + 2), test.PValue!.Value, 1e-9); // series of the beta function
    }

    [Theory]
    [InlineData(new[] { 1.0 }, new[] { 2.0 })] // one pair
    [InlineData(new[] { 1.0, 2.0, 3.0 }, new[] { 0.9, 1.9, 2.9 })] // no spread but rounding
    public void PairedTest_NoSpread_HasNoP(double[] one, double[] other) =>
        Assert.Null(PairedTest.Of(one, other)!.PValue);

    [Fact]
    public void PairedTest_NoPairs_IsNone() => Assert.Null(PairedTest.Of([], []));

    [Fact]
    public void PairedTest_UnequalCounts_Throws() => Assert.Throws<ArgumentException>(() => PairedTest.Of([1], []));
}
