using System.Text.Json;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Runs;
using Dmkd.Experiments.Protocol;

namespace Dmkd.Experiments.Tests.Reports;

public sealed class RunDocumentTests
{
    private static readonly string[] RowFields =
    [
        "runId",
        "method",
        "data",
        "tasks",
        "nodes",
        "seed",
        "accuracyMatrix",
        "finalAccuracy",
        "taskIncrementalAccuracy",
        "macroF1",
        "forgetting",
        "taskDetectionRate",
        "bytesUp",
        "routingBytes",
        "bytesDown",
        "denseBytes",
        "deviceSeconds",
        "wallSeconds",
        "parameters",
        "macsPerInput",
        "exemplars",
    ];

    private static readonly JsonElement Document = JsonSerializer.SerializeToElement(
        RunDocument.Of(Reports.Run, [Reports.Baseline]),
        JsonSerializerOptions.Web
    );

    private static JsonElement Baseline => Document.GetProperty("baselines")[0];

    [Fact]
    public void Of_Run_HasThePromisedNames()
    {
        Assert.Equal(
            [
                .. RowFields
                    .Concat(["legacyAccuracy", "library", "settings", "baselines", "convolutions", "rounds"])
                    .Order(StringComparer.Ordinal),
            ],
            NamesOf(Document)
        );
        Assert.Equal([.. RowFields.Order(StringComparer.Ordinal)], NamesOf(Baseline));
        Assert.Equal(["classIncremental", "taskIncremental"], NamesOf(Document.GetProperty("accuracyMatrix")));
    }

    [Theory]
    [InlineData("finalAccuracy", 0.375)]
    [InlineData("taskIncrementalAccuracy", 0.875)]
    [InlineData("macroF1", 0.375)]
    [InlineData("forgetting", 0.5)] // 0.75 once, 0.25 at the end
    [InlineData("taskDetectionRate", 0.625)]
    [InlineData("bytesUp", 10)]
    [InlineData("bytesDown", 20)]
    [InlineData("denseBytes", 30)]
    [InlineData("deviceSeconds", 1.5)]
    [InlineData("wallSeconds", 2.5)]
    [InlineData("parameters", 123)]
    [InlineData("macsPerInput", 4567)]
    [InlineData("exemplars", 0)]
    [InlineData("legacyAccuracy", 0.5)]
    [InlineData("tasks", 2)]
    [InlineData("nodes", 3)]
    [InlineData("seed", 7)]
    public void Of_Run_HasItsNumbers(string name, double expected) =>
        Assert.Equal(expected, Document.GetProperty(name).GetDouble());

    [Theory]
    [InlineData("runId", "run-1")]
    [InlineData("method", "dmkd")]
    [InlineData("data", "cifar10")]
    [InlineData("library", "library-1")]
    public void Of_Run_HasItsNames(string name, string expected) =>
        Assert.Equal(expected, Document.GetProperty(name).GetString());

    [Fact]
    public void Of_Run_KeepsTheMatrices()
    {
        var matrix = Document.GetProperty("accuracyMatrix");
        Assert.Equal(Reports.Run.ClassIncremental, matrix.GetProperty("classIncremental").Deserialize<double[][]>());
        Assert.Equal(Reports.Run.TaskIncremental, matrix.GetProperty("taskIncremental").Deserialize<double[][]>());
    }

    [Fact]
    public void Of_Baseline_SharesTheRunAndSaysWhatIsItsOwn()
    {
        Assert.Equal(("run-1", "baseline", "cifar10"), (Text("runId"), Text("method"), Text("data")));
        Assert.Equal(1, Baseline.GetProperty("nodes").GetInt32()); // pooled data
        Assert.Equal(
            [0.5, 1, 0],
            new[] { "finalAccuracy", "forgetting", "bytesUp" }.Select(name => Baseline.GetProperty(name).GetDouble())
        );

        static string? Text(string name) => Baseline.GetProperty(name).GetString();
    }

    [Fact]
    public void RoundDocument_OfAnEvent_CountsFromOneAndHasWhatItsNodesTold()
    {
        var merged = new RoundMerged(0, 1, 3, 2);
        Assert.Equal(new RoundDocument(1, 2, 3, 2, null, null), RoundDocument.Of(merged));
        Assert.Equal(
            new RoundDocument(1, 2, 3, 2, 0.5, 0.75),
            RoundDocument.Of(merged with { Training = new TrainingFigures(0.5, 0.75) })
        );
    }

    [Fact]
    public void Of_RunWithoutLegacyModel_SaysNull()
    {
        var document = JsonSerializer.SerializeToElement(
            RunDocument.Of(Reports.Run with { LegacyAccuracy = null }, []),
            JsonSerializerOptions.Web
        );
        Assert.Equal(JsonValueKind.Null, document.GetProperty("legacyAccuracy").ValueKind);
        Assert.Equal(0, document.GetProperty("baselines").GetArrayLength());
    }

    private static string[] NamesOf(JsonElement element) =>
        [.. element.EnumerateObject().Select(field => field.Name).Order(StringComparer.Ordinal)];
}
