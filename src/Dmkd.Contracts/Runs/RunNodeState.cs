namespace Dmkd.Contracts.Runs;

/// <summary>What a node of a run is at.</summary>
[Alias("dmkd.RunNodeState")]
public enum RunNodeState
{
    /// <summary>Takes part in the run, and has nothing to do now.</summary>
    Idle = 0,

    /// <summary>Trains, or sends what it trained.</summary>
    Working = 1,

    /// <summary>Is done with the current round's local update.</summary>
    Done = 2,

    /// <summary>Its work of the current round failed.</summary>
    Failed = 3,

    /// <summary>Does not answer.</summary>
    Silent = 4,

    /// <summary>Finishes its local update of the current round, and is not asked any more.</summary>
    Leaving = 5,

    /// <summary>Is not asked any more.</summary>
    Left = 6,
}
