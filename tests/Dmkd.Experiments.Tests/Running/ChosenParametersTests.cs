using Dmkd.Experiments.Protocol;

namespace Dmkd.Experiments.Tests.Running;

public sealed class ChosenParametersTests
{
    [Theory]
    [InlineData(0.5, 0.9, 0.6, 0.8, "0.1")] // class-incremental accuracy first
    [InlineData(0.5, 0.9, 0.5, 0.8, "0.01")] // then task-incremental
    [InlineData(0.5, 0.9, 0.5, 0.9, "0.01")] // then the first rate
    public void Choose_TwoRates_TakesTheBetter(
        double firstClass,
        double firstTask,
        double secondClass,
        double secondTask,
        string expected
    )
    {
        var search = CellPlanner.Search(TinyPlan.Create());
        var chosen = ChosenParameters.Choose(
            search,
            cell =>
                cell.Parameters["learning-rate"] == "0.01"
                    ? Documents.Of(cell, firstClass, firstTask)
                    : Documents.Of(cell, secondClass, secondTask)
        );
        Assert.Equal(
            [("dmkd", expected), ("other", expected)],
            chosen.Select(rate => (rate.Label, rate.Parameters["learning-rate"]))
        );
    }

    [Fact]
    public void Choose_FailedCells_AreLeftOut()
    {
        var search = CellPlanner.Search(TinyPlan.Create());
        var chosen = ChosenParameters.Choose(
            search,
            cell =>
                cell.Method == "dmkd" && cell.Parameters["learning-rate"] == "0.1" ? Documents.Of(cell, 0.1, 0.1) : null
        );
        var only = Assert.Single(chosen);
        Assert.Equal(("dmkd", "0.1"), (only.Label, only.Parameters["learning-rate"]));
        Assert.Equal([null, 0.1], only.Tried.Select(tried => tried.Accuracy));
    }
}
