using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

/// <summary>The commands for runs and nodes over a folder.</summary>
[Collection(SharedHome.Name)]
public sealed partial class RunsTests(FinishedRun finished)
{
    [Fact]
    public async Task List_Json_HasOneEntryPerRun()
    {
        var run = Assert.Single(
            Json.Parse((await RunAsync("runs", "list", "--json")).IsSuccess().Output).EnumerateArray()
        );
        Assert.Equal(
            (TinyRun.Id, "run", "completed", 2, 2),
            (
                run.GetProperty("runId").GetString(),
                run.GetProperty("kind").GetString(),
                run.GetProperty("state").GetString(),
                run.GetProperty("tasks").GetInt32(),
                run.GetProperty("rounds").GetInt32()
            )
        );
    }

    [Theory]
    [InlineData("runs", "list")]
    [InlineData("runs", "show", TinyRun.Id)]
    [InlineData("nodes", "list", "--run", TinyRun.Id)]
    public async Task Command_WithoutATerminal_KeepsTo100Columns(params string[] arguments)
    {
        string output = (await RunAsync(arguments)).IsSuccess().Output;
        // An event is one line, however long; everything else keeps to 100 columns.
        Assert.All(
            output.Split('\n').Where(line => !EventLine().IsMatch(line)),
            line => Assert.True(line.Length <= 100, line)
        );
        Assert.DoesNotContain('\e', output);
    }

    [Fact]
    public async Task Watch_FinishedRun_PrintsItsResult()
    {
        var watched = Json.Parse((await RunAsync("runs", "watch", TinyRun.Id, "--json")).IsSuccess().Output);
        Assert.Equal(
            finished.Document.GetProperty("finalAccuracy").GetDouble(),
            watched.GetProperty("finalAccuracy").GetDouble()
        );
    }

    [Fact]
    public async Task Stop_FinishedRun_SaysThatThereIsNothingToStop() =>
        Assert.Contains(
            "is completed: there is nothing to stop",
            (await RunAsync("runs", "stop", TinyRun.Id)).IsSuccess().Output,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("show")]
    [InlineData("watch")]
    [InlineData("stop")]
    [InlineData("resume")]
    public async Task Command_UnknownRun_IsRefused(string command) =>
        (await RunAsync("runs", command, "unknown")).IsRefused("'unknown'", $"'{TinyRun.Id}'");

    [Fact]
    public async Task Drain_NodeThatTheRunDoesNotHave_IsRefused() =>
        (await RunAsync("nodes", "drain", "--run", TinyRun.Id, "node-3")).IsRefused("node-1 to node-2", "'node-3'");

    [Theory]
    [InlineData("drain")]
    [InlineData("join")]
    public async Task Nodes_OfARunThatIsOver_AreNotTakenOutOrIn(string command) =>
        (await RunAsync("nodes", command, "--run", TinyRun.Id, "node-1")).IsRefused($"Run '{TinyRun.Id}' is completed");

    [Fact]
    public async Task Detach_WithoutACluster_IsRefused() =>
        (await RunAsync(TinyRun.Arguments("--detach"))).IsRefused("--detach needs a cluster", "--cluster");

    private Task<Outcome> RunAsync(params string[] arguments) => DmkdCommand.RunAsync(finished.Home, arguments);

    [System.Text.RegularExpressions.GeneratedRegex(@"^\d\d:\d\d:\d\d ")]
    private static partial System.Text.RegularExpressions.Regex EventLine();
}
