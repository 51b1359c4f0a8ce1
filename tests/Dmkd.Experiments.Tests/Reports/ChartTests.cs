using Dmkd.Experiments.Reports;

namespace Dmkd.Experiments.Tests.Reports;

public sealed class ChartTests
{
    [Theory]
    [InlineData(0.93, 1.0, 6)]
    [InlineData(0.5, 0.5, 6)]
    [InlineData(0.031, 0.04, 5)]
    [InlineData(0, 0.01, 6)]
    public void Axis_FromZero_EndsAtARoundNumber(double largest, double end, int ticks)
    {
        var axis = Axis.FromZero(largest, 100, 0);
        Assert.Equal(end, axis.Ticks[^1], 1e-12);
        Assert.Equal(ticks, axis.Ticks.Count);
        Assert.Equal((100.0, 0.0), (axis.PlaceOf(0), Math.Round(axis.PlaceOf(end), 9)));
    }

    [Fact]
    public void Axis_Logarithmic_EndsAtPowersOfTen()
    {
        var axis = Axis.Logarithmic([20, 3000], 0, 300);
        Assert.Equal([10.0, 100, 1000, 10_000], axis.Ticks.Select(tick => Math.Round(tick, 6)));
        Assert.Equal(100, axis.PlaceOf(100), 1e-9);
    }

    [Fact]
    public void Axis_LogarithmicOfOnePower_HasADecade() =>
        Assert.Equal([100.0, 1000], Axis.Logarithmic([100], 0, 1).Ticks.Select(tick => Math.Round(tick, 6)));

    [Fact]
    public void LabelColumn_Spread_KeepsOrderAndGapWithinTheEdges()
    {
        double[] places = LabelColumn.Spread([50, 51, 99, 100, 20], gap: 10, top: 0, bottom: 100);
        double[] ascending = [places[4], places[0], places[1], places[2], places[3]];
        Assert.Equal(ascending.Order(), ascending);
        Assert.All(ascending.Zip(ascending.Skip(1)), pair => Assert.True(pair.Second - pair.First >= 10 - 1e-9));
        Assert.InRange(ascending[^1], 0, 100);
        Assert.Equal(20, places[4]); // where nothing is in the way, nothing moves
    }
}
