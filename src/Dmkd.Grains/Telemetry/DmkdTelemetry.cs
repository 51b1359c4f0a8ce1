using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Dmkd.Grains.Telemetry;

/// <summary>DMKD's one activity source and one meter, both named <see cref="Name"/>. Callers say what happened; names and units live here.</summary>
public static class DmkdTelemetry
{
    /// <summary>Name of the activity source and the meter.</summary>
    public const string Name = "Dmkd";

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);
    private static readonly Counter<long> UploadedBytes = Meter.CreateCounter<long>("dmkd.delta.uploaded", "By", "Serialized updates that nodes sent");
    private static readonly Counter<long> DownloadedBytes = Meter.CreateCounter<long>("dmkd.weights.downloaded", "By", "Weights that nodes fetched");
    private static readonly Counter<long> Submissions = Meter.CreateCounter<long>("dmkd.delta.submissions", "{submission}", "Updates received, by outcome");
    private static readonly Counter<long> Refusals = Meter.CreateCounter<long>("dmkd.delta.refusals", "{submission}", "Updates refused at the merge, by node");
    private static readonly Counter<long> Merges = Meter.CreateCounter<long>("dmkd.merges", "{merge}", "Versions published by merges");
    private static readonly Histogram<double> DeviceTime = Meter.CreateHistogram<double>("dmkd.device.time", "s", "Device time of jobs, by kind");
    private static readonly Gauge<double> Accuracy = Meter.CreateGauge<double>("dmkd.accuracy", "1", "Final average accuracy over the tasks seen, by scenario");

    /// <summary>A round of a run: local updates and, when due, the merge.</summary>
    public static Activity? StartRound(string runId, string module, int task, int round) =>
        Start("round", runId, module)?.SetTag("dmkd.task", task).SetTag("dmkd.round", round);

    /// <summary>A local update on a node.</summary>
    public static Activity? StartLocalUpdate(string runId, string module, string node, int round) =>
        Start("local update", runId, module)?.SetTag("dmkd.node", node).SetTag("dmkd.round", round);

    /// <summary>The compression of an update; runs on a lane, so the parent is named.</summary>
    public static Activity? StartCompress(ActivityContext parent, string compressor) =>
        Source.StartActivity("compress", ActivityKind.Internal, parent)?.SetTag("dmkd.compressor", compressor);

    /// <summary>The merge of a round's updates.</summary>
    public static Activity? StartMerge(string runId, string module, int round) => Start("merge", runId, module)?.SetTag("dmkd.round", round);

    /// <summary>The evaluation after a task.</summary>
    public static Activity? StartEvaluate(string runId, int task) => Start("evaluate", runId, null)?.SetTag("dmkd.task", task);

    /// <summary>The preservation of a legacy model.</summary>
    public static Activity? StartPreserve(string runId) => Start("preserve", runId, null);

    /// <summary>An update arrived.</summary>
    public static void DeltaReceived(string module, string outcome, long bytes)
    {
        Submissions.Add(1, new TagList { { "dmkd.module", module }, { "dmkd.outcome", outcome } });
        UploadedBytes.Add(bytes, new TagList { { "dmkd.module", module } });
    }

    /// <summary>An update that had been received was refused when it could be compared with the others.</summary>
    public static void DeltaRefused(string module, string node) =>
        Refusals.Add(1, new TagList { { "dmkd.module", module }, { "dmkd.node", node } });

    /// <summary>A node fetched weights.</summary>
    public static void WeightsFetched(string module, long bytes) => DownloadedBytes.Add(bytes, new TagList { { "dmkd.module", module } });

    /// <summary>A merge was published.</summary>
    public static void Merged(string module) => Merges.Add(1, new TagList { { "dmkd.module", module } });

    /// <summary>A device was used.</summary>
    public static void DeviceUsed(string kind, TimeSpan time) => DeviceTime.Record(time.TotalSeconds, new TagList { { "dmkd.job", kind } });

    /// <summary>An evaluation finished.</summary>
    public static void Evaluated(string runId, string scenario, double accuracy) =>
        Accuracy.Record(accuracy, new TagList { { "dmkd.run", runId }, { "dmkd.scenario", scenario } });

    private static Activity? Start(string name, string runId, string? module) =>
        Source.StartActivity(name)?.SetTag("dmkd.run", runId).SetTag("dmkd.module", module);
}
