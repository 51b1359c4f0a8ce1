namespace Dmkd.Contracts.Merging;

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
