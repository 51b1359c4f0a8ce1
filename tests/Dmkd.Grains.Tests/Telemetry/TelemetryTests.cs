using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Dmkd.Grains.Tests.Cluster;
using Dmkd.Hosting.Telemetry;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Telemetry;

/// <summary>
/// What one run tells an observer. Other tests' runs speak at the same time: everything is filtered by the run.
/// </summary>
public sealed class TelemetryTests(TelemetryTests.ObservedRun observed) : IClassFixture<TelemetryTests.ObservedRun>
{
    private const string Run = "observed";

    [Theory]
    [InlineData("run", 1)]
    [InlineData("preserve", 1)]
    [InlineData("begin round", 4)]
    [InlineData("round", 4)]
    [InlineData("local update", 8)]
    [InlineData("merge", 4)]
    [InlineData("publish", 4)]
    [InlineData("evaluate", 2)]
    public void Spans_OfATinyRun_AreCounted(string name, int expected) =>
        Assert.Equal(expected, observed.Spans(name).Count);

    [Theory]
    [InlineData("round", "begin round")]
    [InlineData("local update", "round")]
    [InlineData("merge", "round")]
    [InlineData("evaluate", "run")]
    public void Span_OfATinyRun_IsAChildOf(string name, string parent)
    {
        var parents = observed.Spans(parent).Select(span => span.SpanId).ToHashSet();
        Assert.All(observed.Spans(name), span => Assert.Contains(span.ParentSpanId, parents));
    }

    [Theory]
    [InlineData("train")]
    [InlineData("compress")]
    public void Part_OfEveryLocalUpdate_IsItsChild(string name)
    {
        var parts = observed.All.Where(span => span.OperationName == name).ToLookup(span => span.ParentSpanId);
        Assert.All(observed.Spans("local update"), update => Assert.Single(parts[update.SpanId]));
    }

    [Fact]
    public void Round_Each_IsATraceOfItsOwnWithEverythingInIt()
    {
        var traces = observed.Spans("begin round").Select(span => span.TraceId).ToArray();
        Assert.Equal(4, traces.Distinct().Count());
        Assert.All(observed.Spans("begin round"), span => Assert.Equal(default, span.ParentSpanId));
        foreach (string name in (string[])["round", "merge", "publish"])
            Assert.Equal(traces.ToHashSet(), observed.Spans(name).Select(span => span.TraceId).ToHashSet());
    }

    [Fact]
    public void Round_Each_IsLinkedToWhatStartedTheRun()
    {
        var run = Assert.Single(observed.Spans("run"));
        Assert.All(
            observed.Spans("begin round"),
            span => Assert.Equal(run.TraceId, Assert.Single(span.Links).Context.TraceId)
        );
    }

    [Theory]
    [InlineData("dmkd.delta.uploaded")]
    [InlineData("dmkd.delta.submissions")]
    [InlineData("dmkd.weights.downloaded")]
    public void Counter_OfATinyRun_IsAboveZero(string name) => Assert.True(observed.Totals.GetValueOrDefault(name) > 0);

    [Theory]
    [InlineData("dmkd.merges")]
    [InlineData("dmkd.rounds")]
    public void Counter_OfRounds_CountsEachOnce(string name) =>
        Assert.Equal(4, observed.Totals.GetValueOrDefault(name));

    [Theory]
    [InlineData("dmkd.accuracy")]
    [InlineData("dmkd.forgetting")]
    [InlineData("dmkd.module.entropy")]
    [InlineData("dmkd.module.version")]
    [InlineData("dmkd.phase.duration")]
    [InlineData("dmkd.round.duration")]
    [InlineData("dmkd.round.participation")]
    [InlineData("dmkd.training.loss")]
    public void Instrument_OfATinyRun_SaysSomething(string name) => Assert.Contains(name, observed.Said.Keys);

    [Fact]
    public void Tags_OfAllMetrics_AreTheBoundedOnes() =>
        Assert.Subset(
            new HashSet<string>([
                "dmkd.run",
                "dmkd.module",
                "dmkd.outcome",
                "dmkd.reason",
                "dmkd.job",
                "dmkd.phase",
                "dmkd.scenario",
                "dmkd.lanes",
                "dmkd.device",
            ]),
            observed.Tags.Keys.ToHashSet()
        );

    /// <summary>A tiny run with listeners on the source and the meter.</summary>
    public sealed class ObservedRun : IAsyncLifetime
    {
        private SpanRecorder? _recorder;

        public IReadOnlyCollection<Activity> All => _recorder!.All;

        /// <summary>Totals of the run's counters.</summary>
        public ConcurrentDictionary<string, long> Totals { get; } = new();

        /// <summary>Instruments that spoke of the run.</summary>
        public ConcurrentDictionary<string, bool> Said { get; } = new();

        /// <summary>Tags of everything said.</summary>
        public ConcurrentDictionary<string, bool> Tags { get; } = new();

        public IReadOnlyList<Activity> Spans(string name) => _recorder!.Of(Run, name);

        public async ValueTask InitializeAsync()
        {
            using var recorder = _recorder = new SpanRecorder();
            using var meters = new MeterListener
            {
                InstrumentPublished = (instrument, listener) =>
                {
                    if (instrument.Meter.Name == DmkdTelemetry.Name)
                        listener.EnableMeasurementEvents(instrument);
                },
            };
            meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Hear(instrument, value, tags));
            meters.SetMeasurementEventCallback<double>(
                (instrument, value, tags, _) => Hear(instrument, (long)value, tags)
            );
            meters.Start();
            using var folder = new TemporaryFolder();
            await using var cluster = await DmkdCluster.StartAsync(folder.Path);
            await cluster.RunAsync(Run, TinySettings());
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private void Hear(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach (var tag in tags)
            {
                Tags[tag.Key] = true;
                if (tag is not { Key: "dmkd.run", Value: Run })
                    continue;
                Said[instrument.Name] = true;
                Totals.AddOrUpdate(instrument.Name, value, (_, total) => total + value);
            }
        }
    }
}
