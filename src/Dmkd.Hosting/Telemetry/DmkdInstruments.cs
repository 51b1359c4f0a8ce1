using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Numerics;
using Dmkd.Core.Devices;

namespace Dmkd.Hosting.Telemetry;

/// <summary>What a silo counts and measures. Callers say what happened; names and units live here.</summary>
/// <remarks>
/// Numbers carry the run and the module's name. Both are bounded: a process that has seen <see cref="MaxRuns"/> runs
/// calls further ones <see cref="BoundedNames.Other"/>, and the same for modules. Nodes, rounds and versions are no
/// tags; they stand in spans and logs.
/// </remarks>
public sealed class DmkdInstruments
{
    private const int MaxRuns = 200;
    private const int MaxModules = 50;

    /// <summary>Unit of shares: an annotation, so that a metric's name is the same fetched and sent ("1" is not).</summary>
    private const string Share = "{fraction}";

    private readonly Meter _meter;
    private readonly BoundedNames _runs = new(MaxRuns);
    private readonly BoundedNames _modules = new(MaxModules);
    private readonly ConcurrentDictionary<DeviceWorker, string> _workers = new();

    private readonly Counter<long> _uploadedBytes;
    private readonly Counter<long> _downloadedBytes;
    private readonly Counter<long> _submissions;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _merges;
    private readonly Histogram<double> _deviceTime;
    private readonly Counter<long> _rounds;
    private readonly Histogram<double> _roundTime;
    private readonly Histogram<double> _phaseTime;
    private readonly Gauge<double> _participation;
    private readonly Gauge<double> _loss;
    private readonly Gauge<double> _entropy;
    private readonly Gauge<long> _version;
    private readonly Gauge<double> _accuracy;
    private readonly Gauge<double> _forgetting;

    /// <summary>Makes the instruments of a host.</summary>
    public DmkdInstruments(IMeterFactory meters)
        : this(meters.Create(DmkdTelemetry.Name)) { }

    /// <summary>Makes the instruments on a meter, for programs without a host.</summary>
    public DmkdInstruments(Meter meter)
    {
        double[] bounds = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000];
        var seconds = new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds };
        _uploadedBytes = meter.CreateCounter<long>("dmkd.delta.uploaded", "By", "Serialized updates that nodes sent");
        _downloadedBytes = meter.CreateCounter<long>("dmkd.weights.downloaded", "By", "Weights that nodes fetched");
        _submissions = meter.CreateCounter<long>(
            "dmkd.delta.submissions",
            "{submission}",
            "Updates received, by outcome"
        );
        _refusals = meter.CreateCounter<long>("dmkd.delta.refusals", "{submission}", "Updates refused, by reason");
        _merges = meter.CreateCounter<long>("dmkd.merges", "{merge}", "Versions published by merges");
        _deviceTime = meter.CreateHistogram("dmkd.device.time", "s", "Device time of jobs, by kind", advice: seconds);
        _rounds = meter.CreateCounter<long>("dmkd.rounds", "{round}", "Rounds that ended, by outcome");
        _roundTime = meter.CreateHistogram(
            "dmkd.round.duration",
            "s",
            "Time from a round's begin to its end",
            advice: seconds
        );
        _phaseTime = meter.CreateHistogram("dmkd.phase.duration", "s", "Time of a run's phases", advice: seconds);
        _participation = meter.CreateGauge<double>(
            "dmkd.round.participation",
            Share,
            "Share of the nodes asked whose update counted, in the last round"
        );
        _loss = meter.CreateGauge<double>("dmkd.training.loss", "{nat}", "Mean loss of the last local update");
        _entropy = meter.CreateGauge<double>(
            "dmkd.module.entropy",
            "{nat}",
            "Mean entropy of a module's predictions on its nodes' data, the proposal's H_k"
        );
        _version = meter.CreateGauge<long>("dmkd.module.version", "{version}", "Newest version of a module");
        _accuracy = meter.CreateGauge<double>(
            "dmkd.accuracy",
            Share,
            "Average accuracy over the tasks seen, by scenario"
        );
        _forgetting = meter.CreateGauge<double>(
            "dmkd.forgetting",
            Share,
            "Mean drop from each earlier task's best accuracy, by scenario"
        );
        meter.CreateObservableGauge(
            "dmkd.device.queue",
            () => Measure(worker => worker.QueueLength),
            "{job}",
            "Jobs waiting for a lane"
        );
        meter.CreateObservableGauge(
            "dmkd.device.lanes",
            () => Measure(worker => worker.LaneCount),
            "{lane}",
            "Jobs that can run at the same time"
        );
        meter.CreateObservableCounter(
            "dmkd.device.busy",
            () => Measure(worker => worker.BusyTime.TotalSeconds),
            "s",
            "Time that lanes spent on jobs"
        );
        _meter = meter;
    }

    /// <summary>Observes a worker until <see cref="Forget"/>.</summary>
    /// <param name="worker">The worker. Borrowed.</param>
    /// <param name="lanes">What it is for: one of few words.</param>
    public void Observe(DeviceWorker worker, string lanes) => _workers[worker] = lanes;

    /// <summary>Observes the memory of the machine's GPUs, where the driver answers; to be called once.</summary>
    public void ObserveGpus()
    {
        if (GpuMemory.HasDevices)
            _meter.CreateObservableGauge("dmkd.device.memory", GpuMemory.Measure, "By", "Memory in use on a GPU");
    }

    /// <summary>Observes a worker no more.</summary>
    public void Forget(DeviceWorker worker) => _workers.TryRemove(worker, out _);

    /// <summary>An update arrived.</summary>
    /// <param name="module">The module's key.</param>
    /// <param name="outcome">What became of it.</param>
    /// <param name="bytes">Its size; 0 when it was not looked at.</param>
    public void DeltaReceived(string module, string outcome, long bytes)
    {
        var tags = TagsOf(module);
        if (bytes > 0)
            _uploadedBytes.Add(bytes, tags);
        tags.Add("dmkd.outcome", outcome);
        _submissions.Add(1, tags);
    }

    /// <summary>An update was refused, when it came or when it could be compared with the others.</summary>
    /// <param name="module">The module's key.</param>
    /// <param name="reason">One of a few words, never a message.</param>
    public void DeltaRefused(string module, string reason)
    {
        var tags = TagsOf(module);
        tags.Add("dmkd.reason", reason);
        _refusals.Add(1, tags);
    }

    /// <summary>A node fetched weights.</summary>
    public void WeightsFetched(string module, long bytes) => _downloadedBytes.Add(bytes, TagsOf(module));

    /// <summary>A merge was published.</summary>
    public void Merged(string module, int version)
    {
        _merges.Add(1, TagsOf(module));
        _version.Record(version, TagsOf(module));
    }

    /// <summary>A device was used.</summary>
    public void DeviceUsed(string kind, TimeSpan time) =>
        _deviceTime.Record(time.TotalSeconds, new TagList { { "dmkd.job", kind } });

    /// <summary>A node finished a local update.</summary>
    public void Updated(string module, double loss) => _loss.Record(loss, TagsOf(module));

    /// <summary>A phase of a run ended.</summary>
    public void PhaseEnded(string runId, string phase, TimeSpan time) =>
        _phaseTime.Record(time.TotalSeconds, new TagList { { "dmkd.run", _runs.Of(runId) }, { "dmkd.phase", phase } });

    /// <summary>A round ended.</summary>
    /// <param name="module">The module's key.</param>
    /// <param name="outcome">merged, rejected, failed, or local where nothing was to be merged.</param>
    /// <param name="time">Time from its begin.</param>
    /// <param name="participation">Share of the nodes asked that counted, in [0, 1].</param>
    public void RoundEnded(string module, string outcome, TimeSpan time, double participation)
    {
        var tags = TagsOf(module);
        _participation.Record(participation, tags);
        tags.Add("dmkd.outcome", outcome);
        _rounds.Add(1, tags);
        _roundTime.Record(time.TotalSeconds, tags);
    }

    /// <summary>A module's entropy was measured.</summary>
    public void Specialized(string module, double entropy) => _entropy.Record(entropy, TagsOf(module));

    /// <summary>An evaluation finished.</summary>
    public void Evaluated(string runId, string scenario, double accuracy, double forgetting)
    {
        var tags = new TagList { { "dmkd.run", _runs.Of(runId) }, { "dmkd.scenario", scenario } };
        _accuracy.Record(accuracy, tags);
        _forgetting.Record(forgetting, tags);
    }

    private TagList TagsOf(string module) =>
        new() { { "dmkd.run", _runs.Of(DmkdTelemetry.RunOf(module)) }, { "dmkd.module", _modules.Of(NameOf(module)) } };

    private static string NameOf(string module) => module[(module.LastIndexOf('/') + 1)..];

    private IEnumerable<Measurement<T>> Measure<T>(Func<DeviceWorker, T> value)
        where T : struct, INumber<T>
    {
        foreach (var group in _workers.GroupBy(entry => (Lanes: entry.Value, Device: $"{entry.Key.Device}")))
        {
            var tags = new TagList { { "dmkd.lanes", group.Key.Lanes }, { "dmkd.device", group.Key.Device } };
            var sum = T.Zero;
            foreach (var (worker, _) in group)
                sum += value(worker);
            yield return new Measurement<T>(sum, tags);
        }
    }
}

/// <summary>
/// Names as tags of metrics: every new value makes a series that lives as long as the process, so their number is
/// bounded.
/// </summary>
/// <param name="max">Names kept apart, about.</param>
internal sealed class BoundedNames(int max)
{
    /// <summary>What further names are called.</summary>
    public const string Other = "other";

    private readonly ConcurrentDictionary<string, string> _known = new(StringComparer.Ordinal);

    /// <summary>The name, or <see cref="Other"/> once there are too many.</summary>
    public string Of(string name)
    {
        if (_known.TryGetValue(name, out string? known))
            return known;
        return _known.Count >= max ? Other : _known.GetOrAdd(name, name);
    }
}
