using Dmkd.Client.Tests.Running;
using Dmkd.Grains.Tests.Postgres;

namespace Dmkd.Client.Tests.Cluster;

/// <summary>Runs that their consoles leave, and what other consoles do with them.</summary>
public sealed class RunsInClusterTests(SharedDatabases server)
{
    private const string Whole = "whole-run",
        Halted = "broke-run";
    private const int Rounds = 4;

    [Fact]
    public async Task Run_ConsoleKilledOrDetachedStoppedAndResumed_EndsWithTheSameDigests()
    {
        string database = await server.CreateDatabaseAsync();
        var silo = SiloProcess.Start(database);
        try
        {
            await silo.UntilJoinedAsync(database);
            using (var console = DmkdProcess.StartInCluster(database, ClusterRun.Arguments(Whole, Rounds)))
            {
                await console.SeesAsync("expert-1 for");
                console.Kill();
            }

            // it went on without its console
            (await DmkdCommand.RunInClusterAsync(database, "run", "--resume", Whole, "--no-baseline")).IsSuccess();
            var left = (
                await DmkdCommand.RunInClusterAsync(database, [.. ClusterRun.Arguments(Halted, Rounds), "--detach"])
            ).IsSuccess();
            Assert.Equal($"{Halted}\n", left.Output);
            Assert.Contains($"runs watch {Halted}", left.Error, StringComparison.Ordinal);

            using (var watch = DmkdProcess.StartInCluster(database, "runs", "watch", Halted))
            {
                await watch.SeesAsync("expert-1 for");
                await NodesAreListedAsync(database);
                (await DmkdCommand.RunInClusterAsync(database, "runs", "stop", Halted)).IsSuccess();
                var ended = await watch.EndAsync();
                Assert.Equal(130, ended.ExitCode);
                Assert.Contains(
                    $"runs resume {Halted}",
                    Assert.Single(ended.Error.TrimEnd('\n').Split('\n')),
                    StringComparison.Ordinal
                );
            }

            silo.Kill();
            silo.Dispose();
            silo = SiloProcess.Start(database); // it finds the run stopped, and leaves it
            await silo.UntilJoinedAsync(database);
            Assert.Equal("stopped", await ClusterRun.StateAsync(database, Halted));
            (await DmkdCommand.RunInClusterAsync(database, "runs", "watch", Halted)).IsRefused(
                "is stopped",
                "runs resume"
            );

            (await DmkdCommand.RunInClusterAsync(database, "runs", "resume", Halted, "--detach")).IsSuccess();
            (await DmkdCommand.RunInClusterAsync(database, "runs", "watch", Halted)).IsSuccess();
            Assert.Equal("completed", await ClusterRun.StateAsync(database, Halted));
            Assert.Equal(
                await ClusterRun.DigestsAsync(database, Whole),
                await ClusterRun.DigestsAsync(database, Halted)
            );
        }
        finally
        {
            silo.Dispose();
        }
    }

    private static async Task NodesAreListedAsync(string database)
    {
        var nodes = Json.Parse(
                (await DmkdCommand.RunInClusterAsync(database, "nodes", "list", "--run", Halted, "--json"))
                    .IsSuccess()
                    .Output
            )
            .EnumerateArray()
            .ToArray();
        Assert.Equal(["node-1", "node-2", "node-3"], nodes.Select(node => node.GetProperty("node").GetString()));
        Assert.All(
            nodes,
            node => Assert.StartsWith("127.0.0.1:", node.GetProperty("silo").GetString(), StringComparison.Ordinal)
        );
        Assert.All(nodes, node => Assert.Equal("cpu", node.GetProperty("device").GetString()));
    }
}
