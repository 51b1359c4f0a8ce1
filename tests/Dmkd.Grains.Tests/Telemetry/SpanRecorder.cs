using System.Collections.Concurrent;
using System.Diagnostics;
using Dmkd.Hosting.Telemetry;

namespace Dmkd.Grains.Tests.Telemetry;

/// <summary>Listens to the spans of this process. Other tests speak at the same time: ask for one run's.</summary>
internal sealed class SpanRecorder : IDisposable
{
    private readonly ConcurrentBag<Activity> _spans = [];
    private readonly ActivityListener _listener;

    public SpanRecorder()
    {
        _listener = new ActivityListener
        {
            // Orleans carries the trace from grain to grain, as in production, only when somebody listens to its calls.
            ShouldListenTo = source => source.Name is DmkdTelemetry.Name or "Microsoft.Orleans.Application",
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _spans.Add,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public IReadOnlyCollection<Activity> All => _spans;

    /// <summary>A run's spans of a name.</summary>
    public IReadOnlyList<Activity> Of(string run, string name) =>
        [.. _spans.Where(span => span.OperationName == name && (string?)span.GetTagItem("dmkd.run") == run)];

    public void Dispose() => _listener.Dispose();
}
