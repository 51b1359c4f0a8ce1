namespace Dmkd.Contracts.Runs;

/// <summary>Phases of a run. Persisted: values are explicit and never renumbered.</summary>
[Alias("dmkd.RunPhase")]
public enum RunPhase
{
    /// <summary>Not started.</summary>
    Created = 0,

    /// <summary>The legacy model is trained and taken apart (proposal 3.2).</summary>
    Preserve = 1,

    /// <summary>The task's module is reused or spawned.</summary>
    Assign = 2,

    /// <summary>Nodes train the task's module (proposal 3.4.1).</summary>
    Train = 3,

    /// <summary>The coordinator merges the nodes' updates (proposal 3.4.2).</summary>
    Merge = 4,

    /// <summary>Entropy statistics of the merged module (proposal 3.3).</summary>
    Specialize = 5,

    /// <summary>All tasks seen are evaluated through the router (proposal 3.5).</summary>
    Evaluate = 6,

    /// <summary>Finished.</summary>
    Completed = 7,

    /// <summary>Cannot go on; see the error.</summary>
    Failed = 8,

    /// <summary>Routing is fitted to the nodes' exemplars (docs/adr/0018); between <see cref="Specialize"/> and <see cref="Evaluate"/>.</summary>
    Calibrate = 9,
}
