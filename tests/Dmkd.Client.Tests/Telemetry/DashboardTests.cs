using System.Diagnostics;
using System.Text.Json;
using Dmkd.Client.Tests.Cluster;
using Dmkd.Client.Tests.Deploy;
using Dmkd.Client.Tests.Running;
using Dmkd.Grains.Tests.Postgres;

namespace Dmkd.Client.Tests.Telemetry;

/// <summary>The dashboard of eng/compose against a real cluster and a real Prometheus.</summary>
public sealed class DashboardTests(SharedDatabases server)
{
    private static readonly TimeSpan Limit = Patience.Seconds(30);

    [Fact]
    public async Task Queries_OfTheDashboard_AllReturnData()
    {
        PrometheusServer.Require();
        string database = await server.CreateDatabaseAsync();
        using SiloProcess first = SiloProcess.Start(database),
            second = SiloProcess.Start(database);
        await Task.WhenAll(first.IsUpAsync(), second.IsUpAsync());
        using var prometheus = new PrometheusServer([first, second]);
        (
            await DmkdCommand.RunInClusterAsync(
                database,
                "run",
                "--id",
                "watched-run",
                "--train-per-class",
                "24",
                "--test-per-class",
                "10",
                "--tasks",
                "2",
                "--nodes",
                "2",
                "--rounds",
                "3",
                "--epochs",
                "1",
                "--legacy-tasks",
                "1",
                "--legacy-epochs",
                "1",
                "--no-baseline"
            )
        ).IsSuccess();
        string[] queries = Queries();
        Assert.True(queries.Length > 20);
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            var silent = new List<string>();
            foreach (string query in queries)
                if (!(await prometheus.QueryAsync(query)).Any(double.IsFinite))
                    silent.Add(query);
            if (silent.Count == 0)
                break;
            if (Stopwatch.GetElapsedTime(start) > Limit)
                Assert.Fail($"No data: {string.Join("\n", silent)}");
            await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken); // the next scrape
        }

        Assert.Equal(6, (await prometheus.QueryAsync("sum(dmkd_rounds_total)")).Single());
        Assert.Equal(2, (await prometheus.QueryAsync("sum(up)")).Single());
    }

    /// <summary>The dashboard's queries, its variables replaced as Grafana does it.</summary>
    private static string[] Queries()
    {
        using var dashboard = JsonDocument.Parse(
            File.ReadAllBytes(Repository.File("eng", "compose", "grafana", "dashboards", "dmkd.json"))
        );
        return
        [
            .. dashboard
                .RootElement.GetProperty("panels")
                .EnumerateArray()
                .Where(panel => panel.TryGetProperty("targets", out _))
                .SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
                .Select(target =>
                    target
                        .GetProperty("expr")
                        .GetString()!
                        .Replace("$__rate_interval", "10m", StringComparison.Ordinal)
                        .Replace("$run", ".*", StringComparison.Ordinal)
                ),
        ];
    }
}
