using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Dmkd.Grains.Telemetry;

/// <summary>The meter.</summary>
/// <remarks>
/// Numbers carry the run and the module's name. Both are bounded: a process that has seen <see cref="MostRuns"/> runs calls further ones
/// <see cref="BoundedNames.Other"/>, and the same for modules. Nodes, rounds and versions are no tags; they stand in spans and logs.
/// </remarks>
public static partial class DmkdTelemetry
{
    private const int MostRuns = 200;
    private const int MostModules = 50;

    internal static Meter Meter { get; } = new(Name);

    private static readonly BoundedNames Runs = new(MostRuns);
    private static readonly BoundedNames Modules = new(MostModules);
    private static readonly InstrumentAdvice<double> Seconds = new() { HistogramBucketBoundaries = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000] };

    private static readonly Counter<long> UploadedBytes = Meter.CreateCounter<long>("dmkd.delta.uploaded", "By", "Serialized updates that nodes sent");
    private static readonly Counter<long> DownloadedBytes = Meter.CreateCounter<long>("dmkd.weights.downloaded", "By", "Weights that nodes fetched");
    private static readonly Counter<long> Submissions = Meter.CreateCounter<long>("dmkd.delta.submissions", "{submission}", "Updates received, by outcome");
    private static readonly Counter<long> Refusals = Meter.CreateCounter<long>("dmkd.delta.refusals", "{submission}", "Updates refused, by reason");
    private static readonly Counter<long> Merges = Meter.CreateCounter<long>("dmkd.merges", "{merge}", "Versions published by merges");
    private static readonly Histogram<double> DeviceTime = Meter.CreateHistogram("dmkd.device.time", "s", "Device time of jobs, by kind", advice: Seconds);
    private static readonly Counter<long> Rounds = Meter.CreateCounter<long>("dmkd.rounds", "{round}", "Rounds that ended, by outcome");
    private static readonly Histogram<double> RoundTime = Meter.CreateHistogram("dmkd.round.duration", "s", "Time from a round's begin to its end", advice: Seconds);
    private static readonly Histogram<double> PhaseTime = Meter.CreateHistogram("dmkd.phase.duration", "s", "Time of a run's phases", advice: Seconds);
    private static readonly Gauge<double> Participation = Meter.CreateGauge<double>("dmkd.round.participation", "1", "Share of the nodes asked whose update counted, in the last round");
    private static readonly Gauge<double> Loss = Meter.CreateGauge<double>("dmkd.training.loss", "{nat}", "Mean loss of the last local update");
    private static readonly Gauge<double> Entropy = Meter.CreateGauge<double>("dmkd.module.entropy", "{nat}", "Mean entropy of a module's predictions on its nodes' data, the proposal's H_k");
    private static readonly Gauge<long> Version = Meter.CreateGauge<long>("dmkd.module.version", "{version}", "Newest version of a module");
    private static readonly Gauge<double> Accuracy = Meter.CreateGauge<double>("dmkd.accuracy", "1", "Average accuracy over the tasks seen, by scenario");
    private static readonly Gauge<double> Forgetting = Meter.CreateGauge<double>("dmkd.forgetting", "1", "Mean drop from each earlier task's best accuracy, by scenario");

    /// <summary>An update arrived.</summary>
    /// <param name="module">The module's key.</param>
    /// <param name="outcome">What became of it.</param>
    /// <param name="bytes">Its size; 0 when it was not looked at.</param>
    public static void DeltaReceived(string module, string outcome, long bytes)
    {
        var tags = TagsOf(module);
        if (bytes > 0) UploadedBytes.Add(bytes, tags);
        tags.Add("dmkd.outcome", outcome);
        Submissions.Add(1, tags);
    }

    /// <summary>An update was refused, when it came or when it could be compared with the others.</summary>
    /// <param name="module">The module's key.</param>
    /// <param name="reason">One of a few words, never a message.</param>
    public static void DeltaRefused(string module, string reason)
    {
        var tags = TagsOf(module);
        tags.Add("dmkd.reason", reason);
        Refusals.Add(1, tags);
    }

    /// <summary>A node fetched weights.</summary>
    public static void WeightsFetched(string module, long bytes) => DownloadedBytes.Add(bytes, TagsOf(module));

    /// <summary>A merge was published.</summary>
    public static void Merged(string module, int version)
    {
        Merges.Add(1, TagsOf(module));
        Version.Record(version, TagsOf(module));
    }

    /// <summary>A device was used.</summary>
    public static void DeviceUsed(string kind, TimeSpan time) => DeviceTime.Record(time.TotalSeconds, new TagList { { "dmkd.job", kind } });

    /// <summary>A node finished a local update.</summary>
    public static void Updated(string module, double loss) => Loss.Record(loss, TagsOf(module));

    /// <summary>A phase of a run ended.</summary>
    public static void PhaseEnded(string runId, string phase, TimeSpan time) =>
        PhaseTime.Record(time.TotalSeconds, new TagList { { "dmkd.run", Runs.Of(runId) }, { "dmkd.phase", phase } });

    /// <summary>A round ended.</summary>
    /// <param name="module">The module's key.</param>
    /// <param name="outcome">merged, rejected, failed, or local where nothing was to be merged.</param>
    /// <param name="time">Time from its begin.</param>
    /// <param name="participation">Share of the nodes asked that counted, in [0, 1].</param>
    public static void RoundEnded(string module, string outcome, TimeSpan time, double participation)
    {
        var tags = TagsOf(module);
        Participation.Record(participation, tags);
        tags.Add("dmkd.outcome", outcome);
        Rounds.Add(1, tags);
        RoundTime.Record(time.TotalSeconds, tags);
    }

    /// <summary>A module's entropy was measured.</summary>
    public static void Specialized(string module, double entropy) => Entropy.Record(entropy, TagsOf(module));

    /// <summary>An evaluation finished.</summary>
    public static void Evaluated(string runId, string scenario, double accuracy, double forgetting)
    {
        var tags = new TagList { { "dmkd.run", Runs.Of(runId) }, { "dmkd.scenario", scenario } };
        Accuracy.Record(accuracy, tags);
        Forgetting.Record(forgetting, tags);
    }

    private static TagList TagsOf(string module) => new() { { "dmkd.run", Runs.Of(RunOf(module)) }, { "dmkd.module", Modules.Of(NameOf(module)) } };

    private static string RunOf(string module) => module.LastIndexOf('/') is var cut and >= 0 ? module[..cut] : "";

    private static string NameOf(string module) => module[(module.LastIndexOf('/') + 1)..];
}
