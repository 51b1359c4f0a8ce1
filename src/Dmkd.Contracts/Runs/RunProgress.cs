namespace Dmkd.Contracts.Runs;

/// <summary>Where a run is.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.RunProgress")]
public sealed record RunProgress
{
    /// <summary>The phase.</summary>
    [Id(0)]
    public required RunPhase Phase { get; init; }

    /// <summary>The task, from 0.</summary>
    [Id(1)]
    public int Task { get; init; }

    /// <summary>The round within the task, from 0.</summary>
    [Id(2)]
    public int Round { get; init; }

    /// <summary>Share of preservation done, in [0, 1].</summary>
    [Id(3)]
    public double PreservationProgress { get; init; }

    /// <summary>Share of the current task's rounds and evaluation done, in [0, 1].</summary>
    [Id(4)]
    public double TaskProgress { get; init; }

    /// <summary>Events after the sequence number asked for, oldest first.</summary>
    [Id(5)]
    public RunEvent[] Events { get; init; } = [];

    /// <summary>What went wrong, when failed.</summary>
    [Id(6)]
    public string? Error { get; init; }

    /// <summary>Whether the run was stopped and waits to be resumed; its phase is where it goes on.</summary>
    [Id(7)]
    public bool IsStopped { get; init; }

    /// <summary>Whether a silo is at work on it now.</summary>
    [Id(8)]
    public bool IsAtWork { get; init; }

    /// <summary>W3C trace context of the current round; null between rounds and without tracing.</summary>
    [Id(9)]
    public string? Trace { get; init; }
}
