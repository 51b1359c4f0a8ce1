using System.Diagnostics;
using Dmkd.Client.Tests.Cluster;
using Dmkd.Client.Tests.Running;
using Dmkd.Grains.Tests.Postgres;

namespace Dmkd.Client.Tests.Telemetry;

/// <summary>
/// A run over three silos that export to a real receiver and are scraped by a real Prometheus. It is made once; asked
/// for by tests, so that they skip without a database.
/// </summary>
[CollectionDefinition(Name)]
public sealed class WatchedRun(SharedDatabases server) : ICollectionFixture<WatchedRun>, IDisposable
{
    public const string Name = "watched run";

    public const int Silos = 3,
        Nodes = 4,
        Rounds = 4; // two a task

    private static readonly TimeSpan Limit = Patience.Seconds(30);
    private readonly OtlpReceiver _receiver = new();
    private readonly List<SiloProcess> _silos = [];
    private Task<IReadOnlyList<ExportedSpan[]>>? _rounds;

    /// <summary>Everything that was exported.</summary>
    internal OtlpReceiver Receiver => _receiver;

    /// <summary>What scrapes the silos; null where it is not installed.</summary>
    internal PrometheusServer? Prometheus { get; private set; }

    /// <summary>The spans of each round's trace, once the run has ended.</summary>
    internal Task<IReadOnlyList<ExportedSpan[]>> RoundsAsync() => _rounds ??= RunAsync();

    private async Task<IReadOnlyList<ExportedSpan[]>> RunAsync()
    {
        string database = await server.CreateDatabaseAsync();
        for (int i = 0; i < Silos; i++)
            _silos.Add(SiloProcess.Start(database, _receiver.Environment));
        await Task.WhenAll(_silos.Select(silo => silo.IsUpAsync()));
        Prometheus = PrometheusServer.StartWhereInstalled(_silos);
        string[] data = ["--train-per-class", "24", "--test-per-class", "10", "--tasks", "2"],
            training = ["--nodes", $"{Nodes}", "--rounds", "2", "--epochs", "1"],
            legacy = ["--legacy-tasks", "1", "--legacy-epochs", "1", "--no-baseline"];
        using var run = DmkdProcess.StartInCluster(
            database,
            _receiver.Environment,
            ["run", "--id", "watched-run", .. data, .. training, .. legacy]
        );
        (await run.EndAsync()).IsSuccess();
        await UntilAsync(() => _receiver.Spans.Any(span => span.Name == "run")); // ends last
        var traces = _receiver.Spans.ToLookup(span => span.Trace);
        return
        [
            .. _receiver.Spans.Where(span => span.Name == "begin round").Select(span => traces[span.Trace].ToArray()),
        ];
    }

    public void Dispose()
    {
        Prometheus?.Dispose();
        foreach (var silo in _silos)
            silo.Dispose();
        _receiver.Dispose();
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Limit)
                throw new TimeoutException($"Waited {Limit}.");
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
    }
}
