using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Dmkd.Grains.Telemetry;
using Dmkd.Grains.Tests.Cluster;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Telemetry;

/// <summary>What one run tells an observer. Other tests' runs speak at the same time: everything is filtered by the run.</summary>
public sealed class TelemetryTests(TelemetryTests.ObservedRun observed) : IClassFixture<TelemetryTests.ObservedRun>
{
    private const string Run = "observed";

    [Theory]
    [InlineData("preserve", 1)]
    [InlineData("round", 4)]
    [InlineData("local update", 8)]
    [InlineData("merge", 4)]
    [InlineData("evaluate", 2)]
    public void Spans_OfATinyRun_AreCounted(string name, int expected) => Assert.Equal(expected, observed.Spans(name).Count);

    [Fact]
    public void Compress_EverySpan_IsAChildOfItsLocalUpdate()
    {
        var compressions = observed.All.Where(span => span.OperationName == "compress").ToLookup(span => span.ParentSpanId);
        Assert.All(observed.Spans("local update"), update => Assert.Single(compressions[update.SpanId]));
    }

    [Fact]
    public void LocalUpdate_EverySpan_IsInTheTraceOfARound()
    {
        var rounds = observed.Spans("round").Select(span => span.TraceId).ToHashSet();
        Assert.All(observed.Spans("local update"), update => Assert.Contains(update.TraceId, rounds));
    }

    [Theory]
    [InlineData("dmkd.delta.uploaded")]
    [InlineData("dmkd.delta.submissions")]
    [InlineData("dmkd.weights.downloaded")]
    [InlineData("dmkd.merges")]
    public void Counter_OfATinyRun_IsAboveZero(string name) => Assert.True(observed.Totals.GetValueOrDefault(name) > 0);

    /// <summary>A tiny run with listeners on the source and the meter.</summary>
    public sealed class ObservedRun : IAsyncLifetime
    {
        private readonly ConcurrentBag<Activity> _spans = [];

        public IReadOnlyCollection<Activity> All => _spans;

        public ConcurrentDictionary<string, long> Totals { get; } = new();

        public IReadOnlyList<Activity> Spans(string name) =>
            [.. _spans.Where(span => span.OperationName == name && (string?)span.GetTagItem("dmkd.run") == Run)];

        public async ValueTask InitializeAsync()
        {
            using var activities = new ActivityListener
            {
                // Orleans carries the trace from grain to grain, as in production, only when somebody listens to its calls.
                ShouldListenTo = source => source.Name is DmkdTelemetry.Name or "Microsoft.Orleans.Application",
                Sample = (ref _) => ActivitySamplingResult.AllData,
                ActivityStopped = _spans.Add,
            };
            ActivitySource.AddActivityListener(activities);
            using var meters = new MeterListener
            {
                InstrumentPublished = (instrument, listener) =>
                {
                    if (instrument.Meter.Name == DmkdTelemetry.Name) listener.EnableMeasurementEvents(instrument);
                },
            };
            meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            {
                foreach (var tag in tags)
                    if (tag is { Key: "dmkd.module", Value: string module } && (module.StartsWith(Run + "/", StringComparison.Ordinal) || instrument.Name == "dmkd.weights.downloaded"))
                        Totals.AddOrUpdate(instrument.Name, value, (_, total) => total + value);
            });
            meters.Start();
            using var folder = new TemporaryFolder();
            await using var cluster = await DmkdCluster.StartAsync(folder.Path);
            await cluster.RunAsync(Run, TinySettings());
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
