using Dmkd.Client.Tests.Running;

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
