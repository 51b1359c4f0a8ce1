namespace Dmkd.Contracts.Runs;

/// <summary>A node of a run: where it is and what it is at.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.RunNode")]
public sealed record RunNode
{
    /// <summary>Its place among the run's nodes, from 0.</summary>
    [Id(0)]
    public required int Index { get; init; }

    /// <summary>Its key, such as <c>my-run/node-1</c>.</summary>
    [Id(1)]
    public required string NodeId { get; init; }

    /// <summary>What it is at.</summary>
    [Id(2)]
    public required RunNodeState State { get; init; }

    /// <summary>Address of the silo that it is on; null when it is on none.</summary>
    [Id(3)]
    public string? Silo { get; init; }

    /// <summary>Device of that silo, one of the device kinds; null when not known.</summary>
    [Id(4)]
    public string? Device { get; init; }

    /// <summary>Share of its local update that is done, in [0, 1].</summary>
    [Id(5)]
    public double Progress { get; init; }

    /// <summary>Task of the last merge that its update came to, from 0; null before the first.</summary>
    [Id(6)]
    public int? LastTask { get; init; }

    /// <summary>Round of that merge within the task, from 0.</summary>
    [Id(7)]
    public int? LastRound { get; init; }

    /// <summary>Merges in a row that it has missed.</summary>
    [Id(8)]
    public int Missed { get; init; }

    /// <summary>Why its work failed, or why it did not answer.</summary>
    [Id(9)]
    public string? Problem { get; init; }
}

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
