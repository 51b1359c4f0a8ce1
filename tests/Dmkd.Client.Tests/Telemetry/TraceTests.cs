using System.Diagnostics;
using Dmkd.Client.Tests.Cluster;
using Dmkd.Client.Tests.Running;
using Dmkd.Grains.Tests.Postgres;

namespace Dmkd.Client.Tests.Telemetry;

/// <summary>One round is one trace, over the processes of a real cluster that export to a real receiver.</summary>
public sealed class TraceTests(TraceTests.TracedRun traced) : IClassFixture<TraceTests.TracedRun>
{
    private const int Rounds = 4;

    [Fact]
    public async Task Round_Each_IsOneTraceOfSeveralProcesses()
    {
        var (_, rounds) = await traced.RunAsync();
        Assert.Equal(Rounds, rounds.Count);
        Assert.All(
            rounds,
            round =>
            {
                string[] names = [.. round.Select(span => span.Name)];
                foreach (
                    string name in (string[])
                        ["begin round", "round", "watch round", "local update", "train", "compress", "merge", "publish"]
                )
                    Assert.Contains(name, names);
                Assert.Equal(TracedRun.Nodes, names.Count(name => name == "local update"));
                Assert.Contains(round, span => span.Process.StartsWith("dmkd ", StringComparison.Ordinal));
                Assert.Single(round, span => span.Parent.Length == 0);
                var known = round.Select(span => span.Id).ToHashSet();
                Assert.All(
                    round,
                    span =>
                        Assert.True(
                            span.Parent.Length == 0 || known.Contains(span.Parent),
                            $"{span} has no parent in its trace"
                        )
                );
            }
        );
        // Where grains live is drawn: that all of one run are on one of three silos would be a chance of one in some
        // ten thousand.
        Assert.Contains(
            rounds,
            round =>
                round
                    .Select(span => span.Process)
                    .Distinct()
                    .Count(process => process.StartsWith("dmkd-silo", StringComparison.Ordinal)) > 1
        );
    }

    [Fact]
    public async Task Round_Each_IsLinkedToTheCommand()
    {
        var (receiver, rounds) = await traced.RunAsync();
        string command = Assert.Single(receiver.Spans, span => span.Name == "dmkd run").Trace;
        Assert.All(
            rounds,
            round => Assert.Equal(command, Assert.Single(round.Single(span => span.Name == "begin round").Links))
        );
    }

    [Fact]
    public async Task Looks_AreInNoTrace()
    {
        var (receiver, _) = await traced.RunAsync();
        Assert.Contains(receiver.Spans, span => span.Name.EndsWith("StartLocalUpdateAsync", StringComparison.Ordinal));
        foreach (string look in (string[])["GetRoundAsync", "GetLocalUpdateAsync", "GetProgressAsync"])
            Assert.DoesNotContain(receiver.Spans, span => span.Name.EndsWith(look, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Log_OfAMerge_IsInTheTraceOfItsRound()
    {
        var (receiver, rounds) = await traced.RunAsync();
        var traces = rounds.Select(round => round[0].Trace).ToHashSet();
        var merged = receiver
            .Logs.Where(line => line.Text.Contains("merged into version", StringComparison.Ordinal))
            .ToArray();
        Assert.Equal(Rounds, merged.Length);
        Assert.All(merged, line => Assert.Contains(line.Trace, traces));
    }

    /// <summary>A run over three silos.</summary>
    public sealed class TracedRun(SharedDatabases server) : IDisposable
    {
        private static readonly TimeSpan Limit = Patience.Seconds(30);
        private readonly OtlpReceiver _receiver = new();
        private Task<(OtlpReceiver Receiver, IReadOnlyList<ExportedSpan[]> Rounds)>? _run;

        public const int Nodes = 4;

        /// <summary>
        /// Everything that was exported, and the spans of each round's trace. The run is made once; asked for by tests,
        /// so that they skip without a database.
        /// </summary>
        internal Task<(OtlpReceiver Receiver, IReadOnlyList<ExportedSpan[]> Rounds)> RunAsync() =>
            _run ??= RunOnceAsync();

        private async Task<(OtlpReceiver Receiver, IReadOnlyList<ExportedSpan[]> Rounds)> RunOnceAsync()
        {
            string database = await server.CreateDatabaseAsync();
            using (var first = SiloProcess.Start(database, _receiver.Environment))
            using (var second = SiloProcess.Start(database, _receiver.Environment))
            using (var third = SiloProcess.Start(database, _receiver.Environment))
            {
                await Task.WhenAll(first.IsUpAsync(), second.IsUpAsync(), third.IsUpAsync());
                using var run = DmkdProcess.StartInCluster(
                    database,
                    _receiver.Environment,
                    "run",
                    "--id",
                    "traced-run",
                    "--train-per-class",
                    "24",
                    "--test-per-class",
                    "10",
                    "--tasks",
                    "2",
                    "--nodes",
                    $"{Nodes}",
                    "--rounds",
                    "2",
                    "--epochs",
                    "1",
                    "--legacy-tasks",
                    "0",
                    "--no-baseline"
                );
                (await run.EndAsync()).IsSuccess();
                await UntilAsync(() => _receiver.Spans.Any(span => span.Name == "run")); // ends last
            }

            var traces = _receiver.Spans.ToLookup(span => span.Trace);
            return (
                _receiver,
                [
                    .. _receiver
                        .Spans.Where(span => span.Name == "begin round")
                        .Select(span => traces[span.Trace].ToArray()),
                ]
            );
        }

        public void Dispose() => _receiver.Dispose();

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
}
