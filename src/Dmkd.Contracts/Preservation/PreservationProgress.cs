using Dmkd.Contracts.Runs;

namespace Dmkd.Contracts.Preservation;

/// <summary>Where a preservation is.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.PreservationProgress")]
public sealed record PreservationProgress
{
    /// <summary>The stage.</summary>
    [Id(0)]
    public required PreservationStage Stage { get; init; }

    /// <summary>The parts known so far, in the order they began.</summary>
    [Id(1)]
    public PreservationTrack[] Tracks { get; init; } = [];

    /// <summary>Events after the sequence number asked for, oldest first.</summary>
    [Id(2)]
    public RunEvent[] Events { get; init; } = [];

    /// <summary>What went wrong, when failed.</summary>
    [Id(3)]
    public string? Error { get; init; }
}
