using System.Text.Json;
using System.Text.RegularExpressions;
using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

/// <summary>The document of <c>run --json</c> is an interface: other programs read it.</summary>
[Collection(SharedHome.Name)]
public sealed partial class RunDocumentTests(FinishedRun finished)
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

    private static readonly string[] OwnFields =
    [
        "legacyAccuracy",
        "library",
        "settings",
        "baselines",
        "convolutions",
        "rounds",
    ];

    private static readonly string[] Shares =
    [
        "finalAccuracy",
        "taskIncrementalAccuracy",
        "macroF1",
        "forgetting",
        "taskDetectionRate",
    ];

    private JsonElement Baseline => finished.Document.GetProperty("baselines")[0];

    [Fact]
    public void Document_StandardOutput_IsExactlyOneObject()
    {
        Assert.StartsWith("{\n", finished.Outcome.Output, StringComparison.Ordinal);
        Assert.EndsWith("\n}\n", finished.Outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', finished.Outcome.Output);
    }

    [Fact]
    public void Document_Fields_AreThePromisedOnes()
    {
        Assert.Equal(
            [.. RowFields.Concat(OwnFields).Order(StringComparer.Ordinal)],
            finished.Document.Names().Order(StringComparer.Ordinal)
        );
        Assert.Equal([.. RowFields.Order(StringComparer.Ordinal)], Baseline.Names().Order(StringComparer.Ordinal));
        Assert.Equal(["classIncremental", "taskIncremental"], finished.Document.GetProperty("accuracyMatrix").Names());
    }

    [Fact]
    public void Document_Rounds_SayHowTheirNodesTrained()
    {
        var rounds = finished.Document.GetProperty("rounds").EnumerateArray().ToArray();
        Assert.NotEmpty(rounds);
        foreach (var round in rounds)
        {
            Assert.Equal(["task", "round", "version", "updates", "trainingLoss", "trainingAccuracy"], round.Names());
            Assert.InRange(round.GetProperty("trainingLoss").GetDouble(), 0, 100);
            Assert.InRange(round.GetProperty("trainingAccuracy").GetDouble(), 0, 1);
        }
    }

    [Fact]
    public void Document_Numbers_AreJsonNumbersInTheirRanges()
    {
        foreach (var row in new[] { finished.Document, Baseline })
        {
            foreach (string name in Shares)
                Assert.InRange(row.GetProperty(name).GetDouble(), 0, 1);
            foreach (string name in new[] { "bytesUp", "bytesDown", "denseBytes", "parameters" })
                Assert.True(row.GetProperty(name).GetInt64() >= 0, name);
            foreach (string name in new[] { "deviceSeconds", "wallSeconds" })
                Assert.True(row.GetProperty(name).GetDouble() > 0, name);
        }
    }

    [Fact]
    public void Document_AccuracyMatrix_HasOneRowPerTaskOfAccuracies()
    {
        foreach (var row in new[] { finished.Document, Baseline })
        {
            foreach (string kind in new[] { "classIncremental", "taskIncremental" })
            {
                double[][] matrix = row.GetProperty("accuracyMatrix").GetProperty(kind).Deserialize<double[][]>()!;
                Assert.Equal([1, 2], matrix.Select(line => line.Length));
                Assert.All(matrix.SelectMany(line => line), accuracy => Assert.InRange(accuracy, 0, 1));
            }
        }
    }

    [Fact]
    public void Document_Summary_FollowsFromTheMatrix()
    {
        foreach (var row in new[] { finished.Document, Baseline })
        {
            double[] last = row.GetProperty("accuracyMatrix")
                .GetProperty("classIncremental")[1]
                .Deserialize<double[]>()!;
            // the same sum of doubles
            Assert.Equal(last.Average(), row.GetProperty("finalAccuracy").GetDouble(), 1e-12);
        }
    }

    [Fact]
    public void Document_Identity_SaysWhatRan()
    {
        Assert.Equal(TinyRun.Id, finished.Document.GetProperty("runId").GetString());
        Assert.Equal("dmkd", finished.Document.GetProperty("method").GetString());
        Assert.Equal("synthetic", finished.Document.GetProperty("data").GetString());
        Assert.Equal(
            [2, 2, 1],
            new[] { "tasks", "nodes", "seed" }.Select(name => finished.Document.GetProperty(name).GetInt32())
        );
        Assert.Equal("sequential-fine-tuning", Baseline.GetProperty("method").GetString());
    }

    [Fact]
    public void Document_Convolutions_SaysThatTheyAreRight()
    {
        var convolutions = finished.Document.GetProperty("convolutions");
        Assert.Equal(["state", "mended", "oneDnn"], convolutions.Names());
        Assert.StartsWith("right", convolutions.GetProperty("state").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Document_LowRankUpdates_SentFewerBytesThanDenseOnes() =>
        Assert.InRange(Bytes("bytesUp") - Bytes("routingBytes"), 1, Bytes("denseBytes") / 2);

    /// <summary>Fields whose fields are data: names of classes.</summary>
    private static readonly string[] Maps = ["predicted"];

    [Fact]
    public async Task Documents_EveryField_IsNamedInTheReference()
    {
        using var folder = new TemporaryFolder();
        string picture = folder.Write("a.png", SyntheticPictures.Png(1)),
            broken = folder.Write("b.png", [1, 2, 3]);
        string[] data = ["--data", "synthetic", "--test-per-class", "2", "--json"];
        string[][] commands =
        [
            ["runs", "list", "--json"],
            ["runs", "show", TinyRun.Id, "--json"],
            ["modules", "list", "--json"],
            ["modules", "show", "expert-1", "--json"],
            ["predict", picture, broken, "--classes", "3", "--json"],
            ["evaluate", .. data],
            ["evaluate", "--module", "expert-2", .. data],
        ];
        SortedSet<string> printed = [.. FieldsOf(finished.Document)];
        foreach (string[] command in commands)
            printed.UnionWith(FieldsOf(Json.Parse((await DmkdCommand.RunAsync(finished.Home, command)).Output)));
        string[] known = ["withoutBaseline", "waiting", "leftOut", "problem", "parentDigest"];
        Assert.All(known, field => Assert.Contains(field, printed));
        Assert.Empty(printed.Except(DocumentedFields()));
    }

    private static IEnumerable<string> FieldsOf(JsonElement element) =>
        element.ValueKind switch
        {
            JsonValueKind.Object => element
                .EnumerateObject()
                .SelectMany(field =>
                    Maps.Contains(field.Name) ? [field.Name] : FieldsOf(field.Value).Prepend(field.Name)
                ),
            JsonValueKind.Array => element.EnumerateArray().SelectMany(FieldsOf),
            _ => [],
        };

    /// <summary>Every word that docs/reference/json.md sets as code.</summary>
    private static IEnumerable<string> DocumentedFields() =>
        CodeSpan()
            .Matches(File.ReadAllText(Path.Combine(DocsTests.Root, "docs/reference/json.md")))
            .SelectMany(span => span.Groups[1].Value.Split('.', ' '));

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex CodeSpan();

    private long Bytes(string name) => finished.Document.GetProperty(name).GetInt64();
}
