using Dmkd.Core.Training;

namespace Dmkd.Core.Tests.Training;

public class AccuracyMatrixTests
{
    private const double Tolerance = 1e-12; // sums of a few float64

    [Fact]
    public void Measures_ThreeTasks_AreTheHandComputedOnes()
    {
        var matrix = Of([0.9], [0.5, 0.8], [0.6, 0.9, 0.7]);
        Assert.Equal((0.6 + 0.9 + 0.7) / 3, matrix.FinalAverage, Tolerance);
        Assert.Equal((0.6 - 0.9 + 0.9 - 0.8) / 2, matrix.BackwardTransfer, Tolerance);
        // task 1 was best at the end: nothing forgotten
        Assert.Equal((0.9 - 0.6 + 0.9 - 0.9) / 2, matrix.Forgetting, Tolerance);
        Assert.Equal((0.6 * 100 + 0.9 * 100 + 0.7 * 200) / 400, matrix.WeightedFinal([100, 100, 200]), Tolerance);
    }

    [Fact]
    public void Measures_OneTask_HaveNoTransferAndNoForgetting()
    {
        var matrix = Of([0.7]);
        Assert.Equal((0.7, 0, 0), (matrix.FinalAverage, matrix.BackwardTransfer, matrix.Forgetting));
    }

    [Fact]
    public void Rows_AreATriangularCopy()
    {
        var matrix = Of([0.9], [0.5, 0.8]);
        matrix.Rows[0][0] = 0;
        Assert.Equal([0.9], matrix.Rows[0]);
        Assert.Equal([0.5, 0.8], matrix.Rows[1]);
    }

    [Fact]
    public void FinalAverage_MissingEntry_IsNamed()
    {
        var matrix = new AccuracyMatrix(2);
        matrix.Record(1, 0, 0.5);
        var error = Assert.Throws<InvalidOperationException>(() => matrix.FinalAverage);
        Assert.Contains("task 1 after task 1", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1, 0, 0.5)]
    [InlineData(2, 0, 0.5)]
    [InlineData(0, 1, 0.5)]
    [InlineData(1, -1, 0.5)]
    [InlineData(1, 1, 1.1)]
    [InlineData(1, 1, -0.1)]
    [InlineData(1, 1, double.NaN)]
    public void Record_OutOfRange_IsRefused(int after, int on, double accuracy) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new AccuracyMatrix(2).Record(after, on, accuracy));

    [Theory]
    [InlineData(new[] { 1 })]
    [InlineData(new[] { 0, 0 })]
    [InlineData(new[] { 2, -1 })]
    public void WeightedFinal_BadCounts_AreRefused(int[] counts) =>
        Assert.Throws<ArgumentException>(() => Of([0.9], [0.5, 0.8]).WeightedFinal(counts));

    private static AccuracyMatrix Of(params double[][] rows)
    {
        var matrix = new AccuracyMatrix(rows.Length);
        for (int t = 0; t < rows.Length; t++)
        for (int i = 0; i <= t; i++)
            matrix.Record(t, i, rows[t][i]);
        return matrix;
    }
}
