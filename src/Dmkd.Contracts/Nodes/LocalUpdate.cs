using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Settings;

namespace Dmkd.Contracts.Nodes;

/// <summary>Asks a node to train a module on its own data for one round (proposal 3.4.1).</summary>
[GenerateSerializer, Immutable, Alias("dmkd.LocalUpdateRequest")]
public sealed record LocalUpdateRequest
{
    /// <summary>The node's place among the run's nodes, from 0: decides its data shard.</summary>
    [Id(0)]
    public required int NodeIndex { get; init; }

    /// <summary>Task whose data the module learns.</summary>
    [Id(1)]
    public required int Task { get; init; }

    /// <summary>Round of the task, from 0.</summary>
    [Id(2)]
    public required int Round { get; init; }

    /// <summary>The module.</summary>
    [Id(4)]
    public required ModuleDescriptor Module { get; init; }

    /// <summary>The merged version that the round's deltas are relative to.</summary>
    [Id(5)]
    public required ModuleVersion Base { get; init; }

    /// <summary>The legacy model to distil from, when it knows the module's classes.</summary>
    [Id(6)]
    public LegacyTeacher? Teacher { get; init; }

    /// <summary>The run.</summary>
    [Id(7)]
    public required string RunId { get; init; }

    /// <summary>The run's settings.</summary>
    [Id(8)]
    public required RunSettings Settings { get; init; }

    /// <summary>Longest time the node waits for the round's shared basis.</summary>
    [Id(9)]
    public TimeSpan BasisWait { get; init; }

    /// <summary>
    /// W3C trace context of the round, so that the update belongs to its trace; null without tracing.
    /// </summary>
    [Id(10)]
    public string? Trace { get; init; }

    /// <summary>
    /// The options of the round's merge plan, by which the update is packed and submitted; null when the round does not
    /// merge.
    /// </summary>
    [Id(11)]
    public MergeOptions? Merging { get; init; }

    /// <summary>Whether the update is packed and submitted to the merge coordinator after training.</summary>
    public bool SubmitsDelta => Merging is not null;

    /// <summary>Names the work: a repeat with the same key is the same work.</summary>
    public string WorkKey => KeyOf(RunId, Module.Name, Round);

    /// <summary>Names a piece of work.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="module">Name of the module.</param>
    /// <param name="round">The round, an index from 0.</param>
    public static string KeyOf(string runId, string module, int round) => $"{runId}/{module}/{round}";
}

/// <summary>A legacy model as a teacher of one module.</summary>
/// <param name="Architecture">Text form of its architecture.</param>
/// <param name="Digest">Digest of its weights.</param>
/// <param name="Outputs">Its outputs for the module's classes, in the module's order.</param>
[GenerateSerializer, Immutable, Alias("dmkd.LegacyTeacher")]
public sealed record LegacyTeacher(
    [property: Id(0)] string Architecture,
    [property: Id(1)] string Digest,
    [property: Id(2)] int[] Outputs
);

/// <summary>What a local update did.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.LocalUpdateReport")]
public sealed record LocalUpdateReport
{
    /// <summary>Images trained on.</summary>
    [Id(0)]
    public required long SampleCount { get; init; }

    /// <summary>Mean training loss of the last epoch.</summary>
    [Id(1)]
    public required double MeanLoss { get; init; }

    /// <summary>Device time of training and compression, in seconds.</summary>
    [Id(2)]
    public required double DeviceSeconds { get; init; }

    /// <summary>Bytes of weights the node fetched for the update.</summary>
    [Id(3)]
    public required long DownloadedBytes { get; init; }

    /// <summary>
    /// Share of the last epoch's answers that name the example's class, in [0, 1]; null where it was not measured.
    /// </summary>
    [Id(4)]
    public double? Accuracy { get; init; }
}

/// <summary>Where a local update is.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.LocalUpdateStatus")]
public sealed record LocalUpdateStatus
{
    /// <summary>State of the work.</summary>
    [Id(0)]
    public required WorkState State { get; init; }

    /// <summary>Share done, in [0, 1].</summary>
    [Id(1)]
    public double Progress { get; init; }

    /// <summary>The report, once completed.</summary>
    [Id(2)]
    public LocalUpdateReport? Report { get; init; }

    /// <summary>What went wrong, when failed.</summary>
    [Id(3)]
    public string? Error { get; init; }

    /// <summary>Whether the node has worked on a later round of the same module: whoever asks is behind.</summary>
    [Id(4)]
    public bool IsOutdated { get; init; }
}

/// <summary>State of a piece of long work.</summary>
[Alias("dmkd.WorkState")]
public enum WorkState
{
    /// <summary>The node does not know the work: it was never asked, or restarted before finishing it.</summary>
    Unknown = 0,

    /// <summary>Being done.</summary>
    Running = 1,

    /// <summary>Done; the report is there.</summary>
    Completed = 2,

    /// <summary>Cannot be done; the error says why.</summary>
    Failed = 3,
}
