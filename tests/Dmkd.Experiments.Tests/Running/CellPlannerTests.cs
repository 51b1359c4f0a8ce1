using Dmkd.Experiments.Plans;
using Dmkd.Experiments.Protocol;

namespace Dmkd.Experiments.Tests.Running;

public sealed class CellPlannerTests
{
    private static readonly ChosenParameters[] Choices =
    [
        TinyPlan.Choice("dmkd", "0.1"),
        TinyPlan.Choice("other", "0.01"),
    ];

    [Fact]
    public void Search_MethodsWithoutARate_TryEveryRateOnHeldOutImagesWithTheSearchsSeed()
    {
        var cells = CellPlanner.Search(TinyPlan.Create());
        Assert.Equal(
            ["dmkd 0.01", "dmkd 0.1", "other 0.01", "other 0.1"],
            cells.Select(cell => $"{cell.Label} {cell.Cell.Parameters["learning-rate"]}")
        );
        Assert.All(
            cells,
            cell =>
                Assert.Equal(
                    (CellStage.Search, 5, new HeldOutImages(0.25, 5)),
                    (cell.Cell.Stage, cell.Cell.Settings.Seed, cell.Cell.HeldOut)
                )
        );
    }

    [Fact]
    public void Search_ListOfAMethod_IsTriedWithEveryRateAndChosenTogether()
    {
        var plan = TinyPlan.Create(methods: "- ewc: { strength: [1, 10] }");
        var cells = CellPlanner.Search(plan).Where(cell => cell.Label == "ewc").ToArray();
        Assert.Equal(
            [
                "learning-rate 0.01, strength 1",
                "learning-rate 0.01, strength 10",
                "learning-rate 0.1, strength 1",
                "learning-rate 0.1, strength 10",
            ],
            cells.Select(cell => ChosenParameters.TextOf(cell.Searched))
        );
        Assert.Equal(
            cells.Select(cell => ChosenParameters.TextOf(cell.Searched)),
            cells.Select(cell => ChosenParameters.TextOf(cell.Cell.Parameters))
        );
        var choice = Assert.Single(
            ChosenParameters.Choose(
                cells,
                cell =>
                    Documents.Of(
                        cell,
                        double.Parse(cell.Parameters["strength"], System.Globalization.CultureInfo.InvariantCulture)
                            / 100,
                        0
                    )
            )
        );
        Assert.All(
            CellPlanner.Measure(plan, [choice]).Where(cell => cell.Label == "ewc"),
            cell => Assert.Equal("learning-rate 0.01, strength 10", ChosenParameters.TextOf(cell.Cell.Parameters))
        );
    }

    [Fact]
    public void Search_OwnListOfRates_ReplacesTheCommonOne() =>
        Assert.Equal(
            ["3", "4"],
            CellPlanner
                .Search(TinyPlan.Create(methods: "- ewc: { learning-rate: [3, 4] }"))
                .Where(cell => cell.Label == "ewc")
                .Select(cell => cell.Searched["learning-rate"])
        );

    [Fact]
    public void Measure_ChosenRates_AreUsedForAllSeedsAndNothingIsHeldOut()
    {
        var cells = CellPlanner.Measure(TinyPlan.Create(), Choices).Where(cell => cell.Parameter is null).ToArray();
        Assert.Equal(
            ["dmkd 0.1 1", "other 0.01 1", "fixed 0.5 1", "dmkd 0.1 2", "other 0.01 2", "fixed 0.5 2"],
            cells.Select(cell => $"{cell.Label} {cell.Cell.Parameters["learning-rate"]} {cell.Cell.Settings.Seed}")
        );
        Assert.All(cells, cell => Assert.Null(cell.Cell.HeldOut));
    }

    [Fact]
    public void Measure_MethodWithoutAChoice_IsLeftOut() =>
        Assert.DoesNotContain(CellPlanner.Measure(TinyPlan.Create(), Choices[..1]), cell => cell.Label == "other");

    [Fact]
    public void Measure_VariedToTheMethodsOwnValue_IsTheMethodsCell()
    {
        var cells = CellPlanner.Measure(TinyPlan.Create(), Choices);
        var varied = cells
            .Where(cell => cell.Parameter == "alpha" && cell.Value == "0.25")
            .Select(cell => cell.Cell.Digest);
        Assert.Equal(
            cells.Where(cell => cell.Label == "dmkd" && cell.Parameter is null).Select(cell => cell.Cell.Digest),
            varied
        );
        Assert.Equal(
            ["0", "0.25", "0", "0.25"],
            cells.Where(cell => cell.Parameter == "alpha").Select(cell => cell.Value)
        );
    }

    [Theory]
    [InlineData("alpha: 0.25", "alpha: 0.75")]
    [InlineData("rounds: 1", "rounds: 2")]
    [InlineData("widths: [4, 4]", "widths: [4, 8]")]
    [InlineData("train-per-class: 4", "train-per-class: 5")]
    [InlineData("tasks: 2", "tasks: 3")]
    [InlineData("seeds: [1, 2]", "seeds: [3, 2]")]
    public void Digest_AnythingThatDecidesTheResult_ChangesIt(string text, string other) =>
        Assert.NotEqual(DigestWith("", ""), DigestWith(text, other));

    [Theory]
    [InlineData("name: tiny", "name: other-name")]
    [InlineData(
        "- dmkd: { alpha: 0.25 }",
        "- { name: renamed, method: dmkd, alpha: 0.250 }\n  - { name: dmkd, method: dmkd }"
    )]
    [InlineData("alpha: 0.25", "alpha: 0.25, rank: 8, gate: evidence, fp16: no")] // defaults
    [InlineData("kind: synthetic", "name: renamed, kind: synthetic")]
    public void Digest_NamesAndDefaults_DoNotChangeIt(string text, string other) =>
        Assert.Equal(DigestWith("", ""), DigestWith(text, other));

    [Fact]
    public void Name_OfACell_SaysWhatItIs() =>
        Assert.Matches("^synthetic-dmkd-seed1-alpha=0.25-learning-rate=0.1-[0-9a-f]{12}$", TinyPlan.Cell.Name);

    /// <summary>Digest of the first cell of a plan of the same text with a change.</summary>
    private static string DigestWith(string text, string other)
    {
        const string Plan =
            "name: tiny\ndata: { kind: synthetic, train-per-class: 4, test-per-class: 1 }\ntasks: "
            + "2\nseeds: [1, 2]\nbudget: { rounds: 1, epochs: 1, widths: [4, 4] }\nmethods:\n  - dmkd: { "
            + "alpha: 0.25 }\n";
        return CellPlanner
            .Measure(
                PlanReader.Parse(
                    text.Length == 0 ? Plan : Plan.Replace(text, other, StringComparison.Ordinal),
                    "/tiny.yaml"
                ),
                []
            )[0]
            .Cell.Digest;
    }
}
