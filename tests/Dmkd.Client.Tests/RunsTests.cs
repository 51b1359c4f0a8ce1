using Dmkd.Client.Tests.Running;
using Microsoft.Data.Sqlite;

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
    [InlineData("remove")]
    public async Task Command_UnknownRun_IsRefused(string command) =>
        (await RunAsync("runs", command, "unknown")).IsRefused("'unknown'", $"'{TinyRun.Id}'");

    [Fact]
    public async Task Remove_FinishedRun_LeavesNoRowOfItAndItsIdFree()
    {
        using var folder = new TemporaryFolder();
        string home = folder.Copy(finished.Home, "home");
        string[] remove = ["runs", "remove", TinyRun.Id];
        (await DmkdCommand.RunAsync(home, remove)).IsRefused(TinyRun.Id, home, "--yes");
        Assert.NotEmpty(Rows(home));
        var removed = Json.Parse((await DmkdCommand.RunAsync(home, [.. remove, "--yes", "--json"])).IsSuccess().Output);
        Assert.Equal(["runId", "modules", "nodes"], removed.Names());
        Assert.Equal(
            (TinyRun.Id, 2, 2),
            (
                removed.GetProperty("runId").GetString(),
                removed.GetProperty("modules").GetInt32(),
                removed.GetProperty("nodes").GetInt32()
            )
        );
        Assert.Equal(["libraries"], Rows(home));
        Assert.Equal("[]", (await DmkdCommand.RunAsync(home, "runs", "list", "--json")).IsSuccess().Output.Trim());
        (await DmkdCommand.RunAsync(home, [.. remove, "--yes"])).IsRefused(TinyRun.Id, "there are none yet");
        (await DmkdCommand.RunAsync(home, "modules", "list")).IsRefused("No library has modules");
    }

    [Fact]
    public async Task Remove_Module_LeavesTheOthersOfItsLibrary()
    {
        using var folder = new TemporaryFolder();
        string home = folder["home"];
        (
            await DmkdCommand.RunAsync(
                home,
                TinyRun.Arguments("--gate", "evidence", "--calibration", "none", "--no-baseline")
            )
        ).IsSuccess();
        string[] remove = ["modules", "remove", "expert-1"];
        (await DmkdCommand.RunAsync(home, remove)).IsRefused("expert-1", "--yes");
        (await DmkdCommand.RunAsync(home, "modules", "remove", "expert-9", "--yes")).IsRefused("expert-9", "expert-1");
        var removed = Json.Parse((await DmkdCommand.RunAsync(home, [.. remove, "--yes", "--json"])).IsSuccess().Output);
        Assert.True(removed.GetProperty("versions").GetInt32() > 1);
        var left = Json.Parse((await DmkdCommand.RunAsync(home, "modules", "list", "--json")).IsSuccess().Output);
        Assert.Equal("expert-2", Assert.Single(left.EnumerateArray()).GetProperty("name").GetString());
        Assert.DoesNotContain($"{TinyRun.Id}/expert-1", Rows(home));
        Assert.Contains($"{TinyRun.Id}/expert-2", Rows(home));
    }

    [Theory]
    [InlineData("evidence")] // fitted to moments
    [InlineData("hybrid", "--exemplars", "20")]
    public async Task Remove_ModuleThatTheFittedRoutingNames_LeavesALibraryThatAnswersWithoutItsClasses(
        string gate,
        params string[] more
    )
    {
        using var folder = new TemporaryFolder();
        string home = folder["home"],
            archive = folder["library"];
        string[] run = [.. TinyRun.OfRounds(1), "--tasks", "3", "--gate", gate, .. more, "--no-baseline"];
        (await DmkdCommand.RunAsync(home, run)).IsSuccess();
        string[] pictures = [.. Enumerable.Range(0, 10).Select(label => Picture(folder, label))];
        var modules = Json.Parse((await DmkdCommand.RunAsync(home, "modules", "list", "--json")).IsSuccess().Output);
        string?[] lost = [.. ClassesOf(modules[1])];
        var removed = await DmkdCommand.RunAsync(home, "modules", "remove", "expert-2", "--yes");
        Assert.Contains($"knows no more of {lost[0]}", removed.IsSuccess().Output, StringComparison.Ordinal);

        string[] predict = ["predict", .. pictures, "--json"];
        string told = (await DmkdCommand.RunAsync(home, predict)).IsSuccess().Output;
        var answers = Json.Parse(told).EnumerateArray().Select(entry => entry.GetProperty("class").GetString());
        Assert.Empty(answers.Intersect(lost));
        var evaluated = await DmkdCommand.RunAsync(home, "evaluate", "--data", "synthetic", "--test-per-class", "2");
        Assert.Contains($"does not know {lost[0]}", evaluated.IsSuccess().Error, StringComparison.Ordinal);
        (await DmkdCommand.RunAsync(home, "library", "export", TinyRun.Id, "--output", archive)).IsSuccess();
        Assert.Equal(told, (await DmkdCommand.RunAsync(home, [.. predict, "--archive", archive])).IsSuccess().Output);
        (await DmkdCommand.RunAsync(home, "library", "import", archive, "--name", "again")).IsSuccess();
        Assert.Equal(told, (await DmkdCommand.RunAsync(home, [.. predict, "--library", "again"])).IsSuccess().Output);

        foreach (string name in (string[])["expert-1", "expert-3"])
            (await DmkdCommand.RunAsync(home, "modules", "remove", name, "--library", "again", "--yes")).IsSuccess();
        (await DmkdCommand.RunAsync(home, "library", "import", archive, "--name", "again")).IsSuccess();
        Assert.Equal(told, (await DmkdCommand.RunAsync(home, [.. predict, "--library", "again"])).IsSuccess().Output);

        static string Picture(TemporaryFolder folder, int label) =>
            folder.Write($"{label}.png", SyntheticPictures.Png(label));
        static IEnumerable<string?> ClassesOf(System.Text.Json.JsonElement module) =>
            module.GetProperty("classes").EnumerateArray().Select(name => name.GetString());
    }

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

    /// <summary>Keys of the actors that have stored anything.</summary>
    private static string[] Rows(string home)
    {
        string file = Assert.Single(Directory.GetFiles(home, "*.db"));
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT DISTINCT GrainIdExt FROM OrleansStorage ORDER BY 1";
        using var reader = command.ExecuteReader();
        var keys = new List<string>();
        while (reader.Read())
            keys.Add(reader.GetString(0));
        return [.. keys];
    }

    private Task<Outcome> RunAsync(params string[] arguments) => DmkdCommand.RunAsync(finished.Home, arguments);

    [System.Text.RegularExpressions.GeneratedRegex(@"^\d\d:\d\d:\d\d ")]
    private static partial System.Text.RegularExpressions.Regex EventLine();
}
