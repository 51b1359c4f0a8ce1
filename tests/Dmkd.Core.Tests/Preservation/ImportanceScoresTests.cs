using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;

namespace Dmkd.Core.Tests.Preservation;

public sealed class ImportanceScoresTests
{
    private static readonly double[,] Wide =
    {
        { 1, 2, 3, 4 },
        { 10, 20, 30, 0 },
    };
    private static readonly double[,] Narrow =
    {
        { 5, 15 },
        { 0, 10 },
    };

    [Fact]
    public void ShareOf_SomeUnits_IsTheirSumOverClassesAndSpacesByTheWhole()
    {
        using var scores = Scores(Wide, Narrow);
        Assert.Equal(
            (3 + 30 + 4 + 0 + 5 + 0) / 100.0,
            scores.ShareOf(WeightTransferTests.Selection([2, 3], [0])),
            1e-12
        );
    }

    [Fact]
    public void ShareOf_AllUnits_IsOne()
    {
        using var scores = Scores(Wide, Narrow);
        Assert.Equal(1, scores.ShareOf(WeightTransferTests.Selection([0, 1, 2, 3], [0, 1])));
    }

    [Fact]
    public void ShareOf_NoImportance_IsZero()
    {
        using var scores = Scores(new double[2, 4], new double[2, 2]);
        Assert.Equal(0, scores.ShareOf(WeightTransferTests.Selection([0, 1], [0])));
    }

    [Fact]
    public void ShareOf_SelectionWithoutASpace_ThrowsNamingIt()
    {
        using var scores = Scores(Wide, Narrow);
        Assert.Contains(
            "conv2",
            Assert.Throws<KeyNotFoundException>(() => scores.ShareOf(WeightTransferTests.Selection([0]))).Message,
            StringComparison.Ordinal
        );
    }

    private static ImportanceScores Scores(double[,] first, double[,] second) =>
        new(2, new WeightSet([]), new Dictionary<string, double[,]> { ["conv1"] = first, ["conv2"] = second });
}
