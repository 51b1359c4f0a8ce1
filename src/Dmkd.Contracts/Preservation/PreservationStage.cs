namespace Dmkd.Contracts.Preservation;

/// <summary>Stages of a preservation. Persisted: values are explicit and never renumbered.</summary>
[Alias("dmkd.PreservationStage")]
public enum PreservationStage
{
    /// <summary>Nothing was asked for yet.</summary>
    Idle = 0,

    /// <summary>A surrogate that can be cut is distilled from a TorchScript program.</summary>
    Surrogate = 1,

    /// <summary>Units are scored and partitioned, experts cut out (proposal 3.2.1 to 3.2.3).</summary>
    Cut = 2,

    /// <summary>Experts and gate are distilled (proposal 3.2.4).</summary>
    Distil = 3,

    /// <summary>The modules are published and the library is evaluated.</summary>
    Publish = 4,

    /// <summary>The library is complete.</summary>
    Completed = 5,

    /// <summary>It cannot go on; see the error.</summary>
    Failed = 6,
}
