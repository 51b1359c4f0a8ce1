using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Settings;
using Orleans.Concurrency;

namespace Dmkd.Contracts.Merging;

/// <summary>Averages the updates of the nodes that hold a module. Key: <c>library/module</c>.</summary>
[Alias("dmkd.IMergeCoordinatorGrain")]
public interface IMergeCoordinatorGrain : IGrainWithStringKey
{
    /// <summary>
    /// Opens a round; a repeat for a round that is still collecting, or failed, lets it collect until a new deadline;
    /// an older round changes nothing.
    /// </summary>
    /// <exception cref="InvalidOperationException">An earlier round, or one of another run, is still open.</exception>
    [Alias("open")]
    Task OpenRoundAsync(MergeRoundPlan plan, CancellationToken cancellationToken = default);

    /// <summary>
    /// Adds a node's update to the open round; a repeat from the same node is answered
    /// <see cref="SubmissionOutcome.Duplicate"/>.
    /// </summary>
    [Alias("submit")]
    Task<SubmissionReceipt> SubmitAsync(DeltaSubmission submission, CancellationToken cancellationToken = default);

    /// <summary>A participant will not submit in this round: it is not waited for. A repeat changes nothing.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="round">The round.</param>
    /// <param name="nodeId">The participant.</param>
    /// <param name="reason">Why.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    [Alias("withdraw")]
    Task WithdrawAsync(
        string runId,
        int round,
        string nodeId,
        string reason,
        CancellationToken cancellationToken = default
    );

    /// <summary>Where a round is.</summary>
    [AlwaysInterleave, Alias("status")]
    Task<MergeRoundStatus> GetRoundAsync(string runId, int round, CancellationToken cancellationToken = default);

    /// <summary>Removes what is stored of the module's rounds.</summary>
    [Alias("remove")]
    Task RemoveAsync(CancellationToken cancellationToken = default);
}

/// <summary>What nodes need to measure a module on their own calibration data.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.MeasuringPlan")]
public sealed record MeasuringPlan
{
    /// <summary>Place of each participant among the run's nodes, from 0, in the order of the participants.</summary>
    [Id(0)]
    public required int[] NodeIndices { get; init; }

    /// <summary>Task whose data is measured on.</summary>
    [Id(1)]
    public required int Task { get; init; }

    /// <summary>The module.</summary>
    [Id(2)]
    public required ModuleDescriptor Module { get; init; }

    /// <summary>The run's settings.</summary>
    [Id(3)]
    public required RunSettings Settings { get; init; }
}

/// <summary>Answer to a submission.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Reason">Names node, module, round, check and value when it was not accepted.</param>
[GenerateSerializer, Immutable, Alias("dmkd.SubmissionReceipt")]
public sealed record SubmissionReceipt(
    [property: Id(0)] SubmissionOutcome Outcome,
    [property: Id(1)] string? Reason = null
);

/// <summary>What became of a submission.</summary>
[Alias("dmkd.SubmissionOutcome")]
public enum SubmissionOutcome
{
    /// <summary>Counts in the merge.</summary>
    Accepted = 0,

    /// <summary>The node's update of this round counts already.</summary>
    Duplicate = 1,

    /// <summary>The round is closed.</summary>
    Late = 2,

    /// <summary>The round is not open yet.</summary>
    TooEarly = 3,

    /// <summary>Relative to another version than the round's.</summary>
    WrongBase = 4,

    /// <summary>The node does not take part in the round.</summary>
    NotParticipating = 5,

    /// <summary>Malformed; see the reason.</summary>
    Refused = 6,
}

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
