using System.Text.Json;
using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

/// <summary>The document of <c>run --json</c> is an interface: other programs read it.</summary>
public sealed class RunDocumentTests(FinishedRun finished)
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

    private static readonly string[] OwnFields = ["legacyAccuracy", "library", "settings", "baselines", "convolutions"];

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

    private long Bytes(string name) => finished.Document.GetProperty(name).GetInt64();
}
