using Dmkd.Client.Rendering;
using Dmkd.Client.Tests.Running;
using Dmkd.Contracts.Runs;

namespace Dmkd.Client.Tests;

[Collection(SharedHome.Name)]
public sealed partial class RunTests(FinishedRun finished) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Run_Json_ReportsProgressOnStandardError() =>
        Assert.Contains(
            $"run {TinyRun.Id}: synthetic, 2 tasks, 2 nodes, 2 rounds",
            finished.Outcome.Error,
            StringComparison.Ordinal
        );

    [Fact]
    public void Run_Progress_TellsEachLineOnce()
    {
        string[] lines = finished.Outcome.Error.Split('\n');
        foreach (
            string part in new[]
            {
                " legacy model: convnet",
                "preserved expert-1:",
                "task 1/2: expert-1 for",
                "task 1/2: accuracy",
                "task 2/2: expert-2 for",
                "task 2/2: accuracy",
            }
        )
            Assert.Single(lines, line => line.Contains(part, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--rounds", "5", "--rounds asks for 5", "'tiny-run' was started with 2")]
    [InlineData("--learning-rate", "0.5", "--learning-rate asks for 0.5", "0.002")]
    [InlineData("--seed", "2", "--seed asks for 2", "started with 1")]
    [InlineData("--data", "images", "--data asks for images", "synthetic")]
    [InlineData("--data-path", "elsewhere", "--data-path", "drawn")]
    [InlineData("--id", "other", "--id", "'tiny-run'")]
    public async Task Resume_OptionThatDiffers_IsRefusedByName(string option, string value, params string[] parts) =>
        (await DmkdProcess.RunAsync(finished.Home, "run", "--resume", TinyRun.Id, option, value)).IsRefused(parts);

    [Fact]
    public async Task Resume_NewNoBaseline_IsRefusedByName() =>
        (await DmkdProcess.RunAsync(finished.Home, "run", "--resume", TinyRun.Id, "--no-baseline")).IsRefused(
            "--no-baseline was not given"
        );

    [Fact]
    public async Task Run_RedirectedOutput_PrintsPlainTablesOfAtMost100Columns()
    {
        var outcome = (await DmkdCommand.RunAsync(_folder["home"], TinyRun.Arguments())).IsSuccess();
        Assert.Empty(outcome.Error);
        Assert.DoesNotContain('\e', outcome.Output);
        Assert.DoesNotContain('\r', outcome.Output);
        // Tables keep to 100 columns; what is said in a line, and a command in it, is one line, however long.
        Assert.All(
            outcome.Output.Split('\n').Where(line => TableLine().IsMatch(line)),
            line => Assert.True(line.Length <= 100, line)
        );
        foreach (
            string part in new[]
            {
                "Accuracy on all tasks",
                "class-incremental",
                "task-incremental",
                "sequential-fine-tuning",
                "macro-F1",
                "forgetting",
                "sent by nodes",
            }
        )
            Assert.Contains(part, outcome.Output, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain('…', outcome.Output); // nothing is cut off
    }

    [Fact]
    public async Task Run_ThatDiverged_PrintsItsResultAndFails()
    {
        var outcome = await DmkdCommand.RunAsync(
            _folder["home"],
            [.. TinyRun.OfRounds(1), "--learning-rate", "10", "--no-baseline", "--json"]
        );
        Assert.Equal(1, outcome.ExitCode);
        var diverged = Json.Parse(outcome.Output).GetProperty("diverged").EnumerateArray().First();
        Assert.Equal("expert-1", diverged.GetProperty("module").GetString());
        Assert.True(diverged.GetProperty("loss").GetDouble() > 20 * diverged.GetProperty("guessing").GetDouble());
        string[] lines = outcome.Error.TrimEnd('\n').Split('\n');
        Assert.StartsWith(
            "dmkd: The run is over, but it diverged: expert-1 (mean loss ",
            lines[^1],
            StringComparison.Ordinal
        );
        Assert.Contains(lines, line => line.Contains("expert-1 diverged: mean loss", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1, null)] // the other expert learned
    [InlineData(2, "The run is over, but none of its merges was accepted")]
    public void ProblemOf_ExpertsWithoutAMerge_IsOneWhenThereAreNoOthers(int refused, string? problem)
    {
        DivergedExpert[] experts =
        [
            .. Enumerable.Range(1, refused).Select(i => new DivergedExpert($"expert-{i}", null, 1.6)),
        ];
        string? found = RunTables.ProblemOf(TinyRun.Id, tasks: 2, experts);
        if (problem is null)
            Assert.Null(found);
        else
            Assert.StartsWith(problem, found, StringComparison.Ordinal);
    }

    [Fact]
    public void Document_OfARunThatLearned_NamesNoDivergence() =>
        Assert.False(finished.Document.TryGetProperty("diverged", out _));

    [Fact]
    public async Task Run_SameSettingsInAnotherHomeWithoutBaseline_GivesTheSameNumbersAndNoBaselines()
    {
        var outcome = (
            await DmkdCommand.RunAsync(_folder["home"], TinyRun.Arguments("--no-baseline", "--json"))
        ).IsSuccess();
        var again = Json.Parse(outcome.Output);
        Assert.Equal(0, again.GetProperty("baselines").GetArrayLength());
        Assert.Equal(finished.Document.OwnNumbers(), again.OwnNumbers());
    }

    public void Dispose() => _folder.Dispose();

    [System.Text.RegularExpressions.GeneratedRegex("^[┌│├└]")]
    private static partial System.Text.RegularExpressions.Regex TableLine();
}
