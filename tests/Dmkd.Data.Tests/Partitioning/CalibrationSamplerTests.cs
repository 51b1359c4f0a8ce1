using Dmkd.Data.Partitioning;

namespace Dmkd.Data.Tests.Partitioning;

public sealed class CalibrationSamplerTests
{
    private static readonly int[] Labels = [.. Enumerable.Range(0, 90).Select(i => i % 3)];

    [Fact]
    public void Sample_EnoughOfEach_TakesTheSameNumberOfEveryClass()
    {
        int[] sample = CalibrationSampler.Sample(Labels, 5, seed: 1);

        Assert.Equal(sample.Distinct().Order(), sample);
        Assert.All(sample.CountBy(i => Labels[i]), count => Assert.Equal(5, count.Value));
    }

    [Fact]
    public void Sample_ClassWithFewer_GivesAllItHas() =>
        Assert.Equal([0, 1, 2], CalibrationSampler.Sample([0, 1, 0], 5, seed: 1));

    [Fact]
    public void Sample_SameSeed_SameSamples() =>
        Assert.Equal(CalibrationSampler.Sample(Labels, 5, seed: 1), CalibrationSampler.Sample(Labels, 5, seed: 1));

    [Fact]
    public void Sample_OtherSeed_OtherSamples() =>
        Assert.NotEqual(CalibrationSampler.Sample(Labels, 5, seed: 1), CalibrationSampler.Sample(Labels, 5, seed: 2));

    [Fact]
    public void Sample_NoneAskedFor_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => CalibrationSampler.Sample(Labels, 0, seed: 1));

    [Fact]
    public void Sample_NegativeLabel_Throws() =>
        Assert.Throws<ArgumentException>(() => CalibrationSampler.Sample([0, -1], 1, seed: 1));
}
