namespace Dmkd.Contracts.Merging;

/// <summary>Phases of a merge. Persisted: values are explicit and never renumbered.</summary>
[Alias("dmkd.MergePhase")]
public enum MergePhase
{
    /// <summary>No round was opened.</summary>
    Idle = 0,

    /// <summary>Collecting submissions.</summary>
    Collecting = 1,

    /// <summary>Adding up and publishing.</summary>
    Merging = 2,

    /// <summary>The new version is published.</summary>
    Closed = 3,

    /// <summary>The deadline passed without a quorum.</summary>
    Failed = 4,
}
