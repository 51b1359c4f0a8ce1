using System.Text.Json;
using Dmkd.Client.Tests.Cluster;
using Dmkd.Client.Tests.Running;
using Microsoft.Data.Sqlite;

namespace Dmkd.Client.Tests;

[Collection(SharedHome.Name)]
public sealed class ModulesTests(FinishedRun finished)
{
    [Fact]
    public async Task WeightsCollect_YoungWeights_LeavesThem()
    {
        var document = Json.Parse(
            (await DmkdCommand.RunAsync(finished.Home, ["weights", "collect", "--dry-run", "--json"]))
                .IsSuccess()
                .Output
        );
        Assert.Equal(["named", "removed", "removedBytes", "dryRun"], document.Names());
        Assert.Equal(0, document.GetProperty("removed").GetInt32());
        Assert.True(document.GetProperty("named").GetInt32() > 3);
    }

    [Fact]
    public async Task WeightsCollect_GraceTooShort_IsRefused() =>
        (await DmkdCommand.RunAsync(finished.Home, ["weights", "collect", "--grace", "0.5"])).IsRefused(
            "--grace must be a number of hours in [1, 87600], not 0.5"
        );

    [Fact]
    public async Task ModulesList_FinishedRun_ShowsEveryModule()
    {
        var outcome = (await RunAsync("list")).IsSuccess();
        foreach (string part in new[] { TinyRun.Id, "expert-1", "preserved", "expert-2", "spawned" })
            Assert.Contains(part, outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', outcome.Output);
        Assert.All(outcome.Output.Split('\n'), line => Assert.True(line.Length <= 100, line));
    }

    [Fact]
    public async Task ModulesList_DamagedRow_IsMarkedBesideTheOthers()
    {
        using var folder = new TemporaryFolder();
        string home = folder["home"]; // a copy of one that is open in this process would end its locks
        (await DmkdCommand.RunAsync(home, [.. TinyRun.OfRounds(1), "--no-baseline"])).IsSuccess();
        await DamageAsync(home, $"{TinyRun.Id}/expert-1");
        var listed = await DmkdCommand.RunAsync(home, "modules", "list");
        Assert.Equal(1, listed.ExitCode);
        Assert.Matches(@"expert-1 .* damaged", listed.Output);
        Assert.Matches(@"expert-2 .* spawned", listed.Output);
        string line = Assert.Single(listed.Error.TrimEnd('\n').Split('\n'));
        Assert.StartsWith(
            $"dmkd: The stored state expert-module of '{TinyRun.Id}/expert-1' cannot be read: its row is damaged",
            line,
            StringComparison.Ordinal
        );
        var documents = Json.Parse((await DmkdCommand.RunAsync(home, "modules", "list", "--json")).Output);
        Assert.Equal("expert-2", documents[0].GetProperty("name").GetString());
        Assert.Equal(["name", "library", "problem"], documents[1].Names());
        Assert.Equal("expert-1", documents[1].GetProperty("name").GetString());
        (await DmkdCommand.RunAsync(home, "modules", "show", "expert-1")).IsFailed($"'{TinyRun.Id}/expert-1'");

        using var silo = SiloProcess.StartAlone(home); // the grains read the row now
        await silo.ListensAsync();
        var told = await DmkdCommand.RunAsync(home, "modules", "list", "--json");
        Assert.Equal(1, told.ExitCode);
        Assert.Contains(
            $"expert-module of '{TinyRun.Id}/expert-1' cannot be read",
            told.Error,
            StringComparison.Ordinal
        );
        var asked = Json.Parse(told.Output);
        Assert.Equal("expert-2", asked[0].GetProperty("name").GetString());
        Assert.Equal(documents[1].ToString(), asked[1].ToString());
    }

    /// <summary>Cuts a module's stored row, as a write that a disk lost would.</summary>
    private static async Task DamageAsync(string home, string key)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(home, "dmkd.db")};Pooling=False");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText =
            "UPDATE OrleansStorage SET PayloadBinary = substr(PayloadBinary, 1, 40) "
            + "WHERE GrainIdExt = $key AND GrainTypeString = 'expert-module'";
        command.Parameters.AddWithValue("$key", key);
        Assert.Equal(1, await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task ModulesList_Json_PrintsTheModulesInTaskOrder()
    {
        var modules = Json.Parse((await RunAsync("list", "--json")).IsSuccess().Output);
        Assert.Equal(
            ["expert-1", "expert-2"],
            modules.EnumerateArray().Select(module => module.GetProperty("name").GetString())
        );
        Assert.Equal(
            ["arrow", "boat", "bottle", "cup", "flag", "house", "key", "lamp", "tree", "umbrella"],
            modules
                .EnumerateArray()
                .SelectMany(module => module.GetProperty("classes").EnumerateArray())
                .Select(name => name.GetString())
        );
        Assert.Equal(
            finished.Document.GetProperty("parameters").GetInt64(),
            modules.EnumerateArray().Sum(module => module.GetProperty("parameters").GetInt64())
        );
    }

    [Fact]
    public async Task ModulesShow_Json_DescribesTheModule()
    {
        var module = await ShowAsync("expert-1");
        Assert.Equal(
            [
                "name",
                "library",
                "version",
                "architecture",
                "parameters",
                "multiplyAdds",
                "bytes",
                "meanEntropy",
                "classes",
                "digest",
                "lineage",
                "versions",
            ],
            module.Names()
        );
        Assert.StartsWith("convnet(3x32x32;", module.GetProperty("architecture").GetString(), StringComparison.Ordinal);
        Assert.InRange(module.GetProperty("meanEntropy").GetDouble(), 0, Math.Log(5)); // of five classes, in nats
        // fp32 and statistics
        Assert.True(module.GetProperty("bytes").GetInt64() > 4 * module.GetProperty("parameters").GetInt64());
        Assert.Equal(5, module.GetProperty("classes").GetArrayLength());
    }

    [Fact]
    public async Task ModulesShow_Versions_FormAChainFromTheFirstWeights()
    {
        var module = await ShowAsync("expert-1");
        var versions = module.GetProperty("versions").EnumerateArray().ToArray();
        // two rounds, two merges
        Assert.Equal([1, 2, 3], versions.Select(version => version.GetProperty("number").GetInt32()));
        Assert.Equal(JsonValueKind.Null, versions[0].GetProperty("parentDigest").ValueKind);
        for (int i = 1; i < versions.Length; i++)
            Assert.Equal(
                versions[i - 1].GetProperty("digest").GetString(),
                versions[i].GetProperty("parentDigest").GetString()
            );
        Assert.Equal(versions[^1].GetProperty("digest").GetString(), module.GetProperty("digest").GetString());
        // both nodes
        Assert.All(versions.Skip(1), version => Assert.Equal(2, version.GetProperty("contributions").GetArrayLength()));
    }

    [Fact]
    public async Task ModulesShow_Lineage_SaysWhereTheWeightsCameFrom()
    {
        var preserved = (await ShowAsync("expert-1")).GetProperty("lineage");
        var spawned = (await ShowAsync("expert-2")).GetProperty("lineage");
        Assert.Equal(
            ["preserved", "spawned"],
            [preserved.GetProperty("origin").GetString(), spawned.GetProperty("origin").GetString()]
        );
        Assert.StartsWith("sha256:", preserved.GetProperty("legacyDigest").GetString(), StringComparison.Ordinal);
        Assert.Equal(0.5, preserved.GetProperty("legacyFraction").GetDouble());
        Assert.Equal("expert-1", spawned.GetProperty("parent").GetString());
    }

    [Fact]
    public async Task ModulesShow_Text_FitsAndHasTheDigest()
    {
        var outcome = (await RunAsync("show", "expert-2")).IsSuccess();
        foreach (string part in new[] { "convnet(3x32x32;", "sha256:", "umbrella", "Versions" })
            Assert.Contains(part, outcome.Output, StringComparison.Ordinal);
        Assert.All(outcome.Output.Split('\n'), line => Assert.True(line.Length <= 100, line));
    }

    [Fact]
    public async Task ModulesShow_UnknownModule_IsRefused() =>
        (await RunAsync("show", "expert-9")).IsRefused("'expert-9'", "expert-1, expert-2");

    [Fact]
    public async Task ModulesList_UnknownLibrary_IsRefused() =>
        (await RunAsync("list", "--library", "other")).IsRefused("'other'", TinyRun.Id);

    private async Task<JsonElement> ShowAsync(string name) =>
        Json.Parse((await RunAsync("show", name, "--json")).IsSuccess().Output);

    private Task<Outcome> RunAsync(params string[] arguments) =>
        DmkdCommand.RunAsync(finished.Home, ["modules", .. arguments]);
}
