using Dmkd.Contracts.Experts;

namespace Dmkd.Contracts.Merging;

/// <summary>Where a merge is.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.MergeRoundStatus")]
public sealed record MergeRoundStatus
{
    /// <summary>
    /// Phase of the round asked for; <see cref="MergePhase.Idle"/> when it is not the coordinator's current one.
    /// </summary>
    [Id(0)]
    public required MergePhase Phase { get; init; }

    /// <summary>The new version, once closed.</summary>
    [Id(1)]
    public ModuleVersion? Result { get; init; }

    /// <summary>Serialized bytes of the accepted submissions.</summary>
    [Id(2)]
    public long UploadedBytes { get; init; }

    /// <summary>What the accepted submissions would have taken as dense fp32.</summary>
    [Id(3)]
    public long DenseBytes { get; init; }

    /// <summary>Device time of the merge, in seconds.</summary>
    [Id(4)]
    public double DeviceSeconds { get; init; }

    /// <summary>What went wrong, when failed.</summary>
    [Id(5)]
    public string? Error { get; init; }

    /// <summary>The nodes' shared basis in the weight store, once it is known.</summary>
    [Id(6)]
    public StoredBlob? Basis { get; init; }

    /// <summary>
    /// Seconds from the round's opening until each update came, in node order; those that came too late too.
    /// </summary>
    [Id(7)]
    public ArrivalTime[] Arrivals { get; init; } = [];

    /// <summary>Participants whose update does not count, in node order.</summary>
    [Id(8)]
    public string[] Missing { get; init; } = [];

    /// <summary>Bytes of weights that the accepted submissions' nodes fetched.</summary>
    [Id(9)]
    public long DownloadedBytes { get; init; }

    /// <summary>Submissions that were refused: node, check, limit and value.</summary>
    [Id(10)]
    public string[] Refusals { get; init; } = [];

    /// <summary>The coordinator's current round of the same run; null when it has none.</summary>
    [Id(11)]
    public int? CurrentRound { get; init; }

    /// <summary>
    /// Mean of what the merged nodes told of their training, by examples; null before the round is closed, and when
    /// none told.
    /// </summary>
    [Id(12)]
    public TrainingFigures? Training { get; init; }
}

/// <summary>When a node's update came.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="Seconds">Seconds since the round was opened.</param>
[GenerateSerializer, Immutable, Alias("dmkd.ArrivalTime")]
public sealed record ArrivalTime([property: Id(0)] string NodeId, [property: Id(1)] double Seconds);

/// <summary>Phases of a merge. Persisted: values are explicit and never renumbered.</summary>
[Alias("dmkd.MergePhase")]
public enum MergePhase
{
    /// <summary>No round was opened.</summary>
    Idle = 0,

    /// <summary>Collecting updates.</summary>
    Collecting = 1,

    /// <summary>Adding up, measuring, deciding.</summary>
    Merging = 2,

    /// <summary>The new version is published.</summary>
    Closed = 3,

    /// <summary>The deadline passed without a quorum, or no update could be used.</summary>
    Failed = 4,

    /// <summary>Collecting what the nodes' shared basis is made from; updates are collected after it.</summary>
    Projecting = 5,

    /// <summary>The new version is decided and stored; the module is being told.</summary>
    Publishing = 6,

    /// <summary>The merge made the module worse than allowed: the old version stays.</summary>
    Rejected = 7,
}
