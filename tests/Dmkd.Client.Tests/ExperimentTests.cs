using System.Text.Json;
using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

/// <summary>The shipped smoke experiment, smaller, from its file to the report.</summary>
[Collection(FinishedExperiment.Name)]
public sealed class ExperimentTests(FinishedExperiment finished) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Home => _folder["home"];

    [Fact]
    public void Run_Json_SaysWhatWasMeasured()
    {
        var document = finished.Document;
        Assert.Equal(
            ["name", "folder", "cells", "reused", "failed", "chosen", "reference", "summary"],
            document.Names()
        );
        Assert.Equal(
            (TinyExperiment.Cells, 0, 0),
            (
                document.GetProperty("cells").GetInt32(),
                document.GetProperty("reused").GetInt32(),
                document.GetProperty("failed").GetArrayLength()
            )
        );
        Assert.Equal(
            ["dmkd", "sequential-fine-tuning"],
            document.GetProperty("summary").EnumerateArray().Select(method => method.GetProperty("label").GetString())
        );
        Assert.All(
            document.GetProperty("summary").EnumerateArray(),
            method => Assert.Equal([1, 2], method.GetProperty("seeds").Deserialize<int[]>()!)
        );
        Assert.All(
            document.GetProperty("chosen").EnumerateArray(),
            choice =>
                Assert.Contains(
                    choice.GetProperty("parameters").GetProperty("learning-rate").GetString(),
                    new[] { "0.003", "0.03" }
                )
        );
    }

    [Fact]
    public void Run_Cells_HaveEverythingToMeasureThemAgain()
    {
        string[] files = Directory.GetFiles(Path.Combine(finished.Results, "cells"));
        Assert.Equal(TinyExperiment.Cells, files.Length);
        Assert.All(
            files.Select(file => Json.Parse(File.ReadAllText(file))),
            cell =>
            {
                Assert.Equal("0.1.0", cell.GetProperty("versions").GetProperty("program").GetString());
                Assert.NotEmpty(cell.GetProperty("versions").GetProperty("commit").GetString()!);
                Assert.NotEmpty(cell.GetProperty("machine").GetProperty("processor").GetString()!);
                Assert.True(cell.GetProperty("energyWattHours").GetDouble() > 0);
                Assert.Equal(
                    cell.GetProperty("seed").GetInt32(),
                    cell.GetProperty("settings").GetProperty("seed").GetInt32()
                );
                Assert.True(
                    Directory.Exists(
                        Path.Combine(finished.Results, "tensorboard", cell.GetProperty("cell").GetString()!)
                    )
                );
            }
        );
    }

    [Fact]
    public void Run_Finished_LeavesNoWork() => Assert.False(Directory.Exists(Path.Combine(finished.Results, "work")));

    [Fact]
    public async Task Run_SomeCellsGone_MeasuresOnlyThoseAgainWithTheSameNumbers()
    {
        string results = _folder.Copy(finished.Results, "results");
        string[] gone =
        [
            Cell(results, "dmkd", rank: 1, seed: 2),
            Cell(results, "sequential-fine-tuning", rank: 8, seed: 1),
        ];
        var before = gone.Select(Numbers).ToArray();
        string kept = Cell(results, "dmkd", rank: 1, seed: 1);
        var written = File.GetLastWriteTimeUtc(kept);
        foreach (string file in gone)
            File.Delete(file);

        var outcome = (
            await RunAsync("experiment", "run", finished.File, "--output", results, "--jobs", "2", "--json")
        ).IsSuccess();
        Assert.Equal(TinyExperiment.Cells - 2, Json.Parse(outcome.Output).GetProperty("reused").GetInt32());
        Assert.Equal(before, gone.Select(Numbers));
        Assert.Equal(written, File.GetLastWriteTimeUtc(kept));
    }

    [Fact]
    public async Task Run_Killed_GoesOnWithTheSameCommandAndEndsTheSame()
    {
        string results = _folder["results"];
        string[] command = ["experiment", "run", finished.File, "--output", results];
        using (var process = DmkdProcess.Start(Home, command))
        {
            await process.SeesAsync("2/4 "); // two of the search are stored, the next is at work
            process.Kill();
            await process.EndAsync();
        }

        int stored = Directory.GetFiles(Path.Combine(results, "cells"), "*.json").Length;
        var outcome = (await RunAsync([.. command, "--json"])).IsSuccess();
        Assert.Equal(stored, Json.Parse(outcome.Output).GetProperty("reused").GetInt32());
        Assert.Equal(Accuracies(finished.Document), Accuracies(Json.Parse(outcome.Output)));
    }

    [Fact]
    public async Task Run_Interrupted_SaysHowToGoOn()
    {
        using var process = DmkdProcess.Start(Home, "experiment", "run", finished.File, "--output", _folder["results"]);
        await process.SeesAsync("1/4 ");
        await process.InterruptAsync();
        var outcome = await process.EndAsync();
        Assert.Equal(130, outcome.ExitCode);
        Assert.Contains(
            $"experiment run {finished.File} --output {_folder["results"]}",
            outcome.Error,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Run_CellsFail_AreRecordedAndTheExitCodeTells()
    {
        _folder.Write("results/tensorboard", [1]); // a file where a folder is needed
        var outcome = await RunAsync("experiment", "run", finished.File, "--output", _folder["results"]);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("cells failed", outcome.Error, StringComparison.Ordinal);
        // the whole search; then there is nothing to measure
        Assert.Equal(4, Directory.GetFiles(_folder["results/cells"], "*.failed.json").Length);
    }

    [Fact]
    public async Task Report_FinishedExperiment_WritesThreeFiles()
    {
        string results = _folder.Copy(finished.Results, "results");
        var outcome = (await RunAsync("experiment", "report", results, "--json")).IsSuccess();
        var document = Json.Parse(outcome.Output);
        Assert.Equal(
            ["results.csv", "results.jsonl", "report.html"],
            document.GetProperty("files").EnumerateArray().Select(file => Path.GetFileName(file.GetString()))
        );
        Assert.All(document.GetProperty("files").EnumerateArray(), file => Assert.True(File.Exists(file.GetString())));
        // two cells have two places
        Assert.Equal((12, 0), (document.GetProperty("rows").GetInt32(), document.GetProperty("missing").GetInt32()));
        Assert.Equal(
            JsonSerializer.Serialize(finished.Document.GetProperty("summary")),
            JsonSerializer.Serialize(document.GetProperty("summary"))
        );
    }

    [Fact]
    public async Task Report_RedirectedOutput_PrintsPlainTables()
    {
        var outcome = (await RunAsync("experiment", "report", _folder.Copy(finished.Results, "results"))).IsSuccess();
        Assert.DoesNotContain('\e', outcome.Output);
        foreach (string part in new[] { "class-incremental", "forgetting", "sequential-fine-tuning", "report.html" })
            Assert.Contains(part, outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Report_NoResults_IsRefused() =>
        (await RunAsync("experiment", "report", _folder["nowhere"])).IsRefused("nowhere", "experiment.json");

    [Theory]
    [InlineData(
        "rank, values: [1, 8]",
        "rnak, values: [1, 8]",
        ":",
        "dmkd has no parameter 'rnak'",
        "more. Did you mean rank?"
    )]
    [InlineData("rank, values: [1, 8]", "alpha, values: [7]", ":", "alpha must be a number in [0, 1], not '7'")]
    [InlineData(
        "- sequential-fine-tuning",
        "- magic",
        ":",
        "there is no method 'magic'; there are: dmkd, sequential-fine-tuning"
    )]
    [InlineData("tasks: 2", "tasks: 6", "10 classes", "at most 5 tasks")]
    [InlineData("nodes: 2", "nodes: 500", "500 nodes")]
    [InlineData("kind: synthetic", "kind: images, path: no-such.zip", "no-such.zip does not exist")]
    [InlineData("budget:", "bugdet:", "bugdet is unknown")]
    public async Task Run_BadFile_IsRefusedInOneLineBeforeAnythingIsStored(
        string good,
        string bad,
        params string[] parts
    )
    {
        string file = WriteChanged("bad.yaml", good, bad);
        var outcome = await RunAsync("experiment", "run", file, "--output", _folder["results"]);
        outcome.IsRefused(parts);
        Assert.False(Directory.Exists(outcome.Home));
        Assert.False(Directory.Exists(_folder["results"]));
    }

    [Fact]
    public async Task Run_FolderOfAnotherExperiment_IsRefused()
    {
        string file = WriteChanged("other.yaml", "name: smoke", "name: other");
        (await RunAsync("experiment", "run", file, "--output", finished.Results)).IsRefused(
            "'smoke', not of 'other'",
            "--output"
        );
    }

    [Fact]
    public async Task Run_NoFile_IsRefused() =>
        (await RunAsync("experiment", "run", "no-such.yaml")).IsRefused("There is no experiment file no-such.yaml.");

    [Fact]
    public async Task Run_NoJobs_IsRefused() =>
        (await RunAsync("experiment", "run", finished.File, "--jobs", "0")).IsRefused("--jobs", "at least 1", "not 0");

    public void Dispose() => _folder.Dispose();

    private Task<Outcome> RunAsync(params string[] arguments) => DmkdCommand.RunAsync(Home, arguments);

    /// <summary>The experiment file with a change.</summary>
    private string WriteChanged(string name, string good, string bad)
    {
        string text = File.ReadAllText(finished.File);
        Assert.Contains(good, text, StringComparison.Ordinal);
        return _folder.Write(
            name,
            System.Text.Encoding.UTF8.GetBytes(text.Replace(good, bad, StringComparison.Ordinal))
        );
    }

    /// <summary>The file of a measured cell; a baseline's settings have the default rank.</summary>
    private static string Cell(string results, string method, int rank, int seed) =>
        Assert.Single(
            Directory.GetFiles(Path.Combine(results, "cells")),
            file =>
            {
                var cell = Json.Parse(File.ReadAllText(file));
                return cell.GetProperty("stage").GetString() == "measure"
                    && cell.GetProperty("method").GetString() == method
                    && cell.GetProperty("seed").GetInt32() == seed
                    && cell.GetProperty("settings").GetProperty("rank").GetInt32() == rank;
            }
        );

    private static string Numbers(string file)
    {
        var cell = Json.Parse(File.ReadAllText(file));
        return string.Join(
            ' ',
            new[] { "accuracyMatrix", "macroF1", "taskDetectionRate", "bytesUp", "bytesDown" }.Select(name =>
                JsonSerializer.Serialize(cell.GetProperty(name))
            )
        );
    }

    private static string[] Accuracies(JsonElement document) =>
        [
            .. document
                .GetProperty("summary")
                .EnumerateArray()
                .Select(method =>
                    JsonSerializer.Serialize(method.GetProperty("measures").GetProperty("finalAccuracy"))
                ),
        ];
}
