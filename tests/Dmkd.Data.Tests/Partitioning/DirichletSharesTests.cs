using Dmkd.Data.Partitioning;

namespace Dmkd.Data.Tests.Partitioning;

public sealed class DirichletSharesTests
{
    [Theory]
    [InlineData(1e-4)]
    [InlineData(0.1)]
    [InlineData(1)]
    [InlineData(1e6)]
    public void Draw_AnyConcentration_SumsToOne(double concentration) =>
        Assert.Equal(1, DirichletShares.Draw(20, concentration, new Random(1)).Sum(), 1e-12);

    [Theory]
    [InlineData(0.3)]
    [InlineData(2)]
    public void Draw_ManyTimes_HasTheVarianceOfTheDistribution(double concentration)
    {
        const int Count = 4;
        var random = new Random(1);
        double[] first =
        [
            .. Enumerable.Range(0, 20_000).Select(_ => DirichletShares.Draw(Count, concentration, random)[0]),
        ];

        double mean = 1.0 / Count;
        double variance = mean * (1 - mean) / (Count * concentration + 1);
        // 20,000 draws know the mean to about 0.002 (one sigma) and the variance to about 1 %.
        Assert.Equal(mean, first.Average(), 0.01);
        Assert.Equal(variance, first.Average(share => (share - mean) * (share - mean)), 0.06 * variance);
    }
}
