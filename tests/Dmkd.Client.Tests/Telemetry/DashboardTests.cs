using System.Diagnostics;
using System.Text.Json;
using Dmkd.Client.Tests.Deploy;
using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests.Telemetry;

/// <summary>The dashboard of eng/compose against a real cluster and a real Prometheus.</summary>
[Collection(WatchedRun.Name)]
public sealed class DashboardTests(WatchedRun watched)
{
    private static readonly TimeSpan Limit = Patience.Seconds(30);

    [Fact]
    public async Task Queries_OfTheDashboard_AllReturnData()
    {
        PrometheusServer.Require();
        await watched.RoundsAsync();
        var prometheus = watched.Prometheus!;
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

        Assert.Equal(WatchedRun.Rounds, (await prometheus.QueryAsync("sum(dmkd_rounds_total)")).Single());
        Assert.Equal(WatchedRun.Silos, (await prometheus.QueryAsync("sum(up)")).Single());
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
