using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Dmkd.Client.Tests.Cluster;
using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests.Telemetry;

/// <summary>A real Prometheus in a process of its own, which scrapes silos every second.</summary>
internal sealed class PrometheusServer : IDisposable
{
    private const string Program = "/usr/bin/prometheus";
    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _client = new();
    private readonly Process _process;

    private PrometheusServer(IEnumerable<SiloProcess> silos)
    {
        string targets = string.Join(", ", silos.Select(silo => $"127.0.0.1:{silo.HttpPort}"));
        string config = _folder.Write(
            "prometheus.yml",
            Encoding.UTF8.GetBytes(
                $"{{ global: {{ scrape_interval: 1s }}, scrape_configs: [ {{ job_name: dmkd-silo, "
                    + $"static_configs: [ {{ targets: [ {targets} ] }} ] }} ] }}"
            )
        );
        int port = SiloProcess.FreePort();
        _client.BaseAddress = new Uri($"http://127.0.0.1:{port}");
        _process = Process.Start(
            new ProcessStartInfo(
                Program,
                [
                    $"--config.file={config}",
                    $"--storage.tsdb.path={_folder["data"]}",
                    $"--web.listen-address=127.0.0.1:{port}",
                    "--log.level=error",
                ]
            )
        )!;
    }

    /// <summary>Skips a test where there is none.</summary>
    public static void Require() =>
        Assert.SkipUnless(File.Exists(Program), $"no {Program}: install Debian's prometheus");

    /// <summary>Starts one; null where there is none.</summary>
    public static PrometheusServer? StartWhereInstalled(IEnumerable<SiloProcess> silos) =>
        File.Exists(Program) ? new(silos) : null;

    /// <summary>The numbers that a query answers with; none before the server is up.</summary>
    public async Task<IReadOnlyList<double>> QueryAsync(string query)
    {
        string answer;
        try
        {
            answer = await _client.GetStringAsync(
                new Uri($"/api/v1/query?query={Uri.EscapeDataString(query)}", UriKind.Relative)
            );
        }
        catch (HttpRequestException e) when (e.StatusCode is null)
        {
            return [];
        }

        using var document = JsonDocument.Parse(answer);
        return
        [
            .. document
                .RootElement.GetProperty("data")
                .GetProperty("result")
                .EnumerateArray()
                .Select(series =>
                    double.Parse(
                        series
                            .GetProperty("value")[1]
                            .GetString()!
                            .Replace("Inf", "Infinity", StringComparison.Ordinal),
                        System.Globalization.CultureInfo.InvariantCulture
                    )
                ),
        ];
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _client.Dispose();
        _folder.Dispose();
    }
}
