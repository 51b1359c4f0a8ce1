using Dmkd.Client.Tests.Running;
using Dmkd.Grains.Tests.Postgres;

namespace Dmkd.Client.Tests.Cluster;

/// <summary>Silo processes over a real PostgreSQL, and the console that connects to them.</summary>
public sealed class ClusterTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task Run_DatabaseRestarted_GoesOn()
    {
        string database = await server.CreateDatabaseAsync();
        using SiloProcess first = SiloProcess.Start(database),
            second = SiloProcess.Start(database);
        await first.UntilJoinedAsync(database);
        using var run = DmkdProcess.StartInCluster(database, ClusterRun.Arguments("whole-run", rounds: 3));
        await run.SeesAsync("expert-1 for");
        await server.RestartAsync();
        (await run.EndAsync()).IsSuccess();
    }

    [Fact]
    public async Task Command_NobodyAnswers_SaysWhere()
    {
        string database = await server.CreateDatabaseAsync();
        (await DmkdCommand.RunInClusterAsync(database, "modules", "list")).IsRefused(
            "No silo of the cluster 'dmkd'",
            "answers",
            "127.0.0.1"
        );
    }

    [Fact]
    public async Task Command_NoConnectionString_IsRefused() =>
        (await DmkdCommand.RunInClusterAsync("Database=dmkd", "modules", "list")).IsRefused(
            "--cluster",
            "it names no Host"
        );

    [Fact]
    public async Task Silo_WrongSettings_ListsThemAll()
    {
        var (code, log) = await SiloProcess.RefusedAsync(
            "--Dmkd:Cluster=Host=x",
            "--Dmkd:SiloPort=0",
            "--Dmkd:Adress=1",
            "--Dmkd:Address=10.0.0.5"
        );
        Assert.Equal(2, code);
        foreach (
            string part in (string[])
                [
                    "it names no Database",
                    "Dmkd:SiloPort must be a whole number in [1, 65535], not '0'",
                    "There is no setting Dmkd:Adress. Did you mean --Dmkd:Address?",
                    "10.0.0.5 is not loopback",
                ]
        )
            Assert.Contains(part, log, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Unrecognized argument 'bogus'. See --help.", "bogus")]
    [InlineData("Unrecognized argument '--gateway-port=1'. Did you mean --Dmkd:GatewayPort?", "--gateway-port=1")]
    [InlineData("Unrecognized argument '--Hone'. Did you mean --Dmkd:Home?", "--Dmkd:SiloPort", "1", "--Hone", "x")]
    [InlineData("--Dmkd:Home has no value", "--Dmkd:Home", "--Dmkd:SiloPort=1")]
    [InlineData("--Dmkd:Home has no value", "--Dmkd:Home")]
    [InlineData("Dmkd:Home is empty; give a value, or leave it out.", "--Dmkd:Home=")]
    [InlineData("Dmkd:ApiKeys is empty; give a value, or leave it out.", "--Dmkd:ApiKeys=")]
    [InlineData("Dmkd:SiloPort must be a whole number in [1, 65535], not ''.", "--Dmkd:SiloPort=")]
    public async Task Silo_ArgumentThatNobodyTakes_IsOneLine(string line, params string[] arguments)
    {
        var (code, log) = await SiloProcess.RefusedAsync(arguments);
        Assert.Equal(2, code);
        Assert.StartsWith($"dmkd-silo: {line}", Assert.Single(log.Trim().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silo_HomeThatCannotBeMade_IsOneLine()
    {
        var (code, log) = await SiloProcess.RefusedAsync("--Dmkd:Home=/proc/dmkd", "--Dmkd:HttpPort=0");
        Assert.Equal(2, code);
        Assert.StartsWith(
            "dmkd-silo: The folder /proc/dmkd cannot be used",
            Assert.Single(log.Trim().Split('\n')),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Silo_Help_ListsEverySettingAndEnds()
    {
        var (code, log) = await SiloProcess.RefusedAsync("--help");
        Assert.Equal(0, code);
        foreach (string name in (string[])["Home", "Cluster", "SiloPort", "MaxEvents"])
            Assert.Contains($"--Dmkd:{name}\n", log, StringComparison.Ordinal);
        Assert.Contains("Port that clients use. [default: 30000]", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silo_Version_IsTheConsoles()
    {
        var (code, log) = await SiloProcess.RefusedAsync("--version");
        Assert.Equal(0, code);
        Assert.Equal((await DmkdCommand.RunPlainAsync("--version")).Output.Trim(), log.Trim());
    }

    [Fact]
    public async Task Silo_DatabaseThatDoesNotAnswer_EndsSayingSo()
    {
        var (code, log) = await SiloProcess.RefusedAsync(
            "--Dmkd:Cluster=Host=127.0.0.1;Port=9;Database=dmkd;Password=secret",
            "--Dmkd:DatabaseWaitSeconds=1"
        );
        Assert.Equal(1, code);
        Assert.Contains("The database 127.0.0.1:9/dmkd cannot be used", log, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", log, StringComparison.Ordinal);
    }
}
