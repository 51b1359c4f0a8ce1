using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Runs.Engine;

namespace Dmkd.Grains.Preservation;

/// <summary>What a preservation persists: what was asked for and what has been reached.</summary>
internal sealed class PreservationState : IStagedState<PreservationStage>
{
    public PreservationRequest? Request { get; set; }

    public PreservationStage Stage { get; set; }

    /// <summary>The stage by its common name; stored by its own.</summary>
    PreservationStage IStagedState<PreservationStage>.Phase
    {
        get => Stage;
        set => Stage = value;
    }

    /// <summary>Stage that failed, where a resumption goes on.</summary>
    public PreservationStage FailedIn { get; set; }

    public string? Error { get; set; }

    /// <summary>The last events, oldest first; an earlier program stored none.</summary>
    public List<RunEvent> Events { get; set; } = [];

    public DateTimeOffset StartedAt { get; set; }

    /// <summary>Digest of the weights that are cut: the legacy model's, or its surrogate's.</summary>
    public string? SourceDigest { get; set; }

    public double? SurrogateAccuracy { get; set; }

    public double LegacyAccuracy { get; set; }

    public string[] ClassNames { get; set; } = [];

    public int TestImages { get; set; }

    /// <summary>
    /// The experts in the order of their first class, then the gate. Each is complete when it has a digest.
    /// </summary>
    public PreservedModule[] Modules { get; set; } = [];

    public PartitionSummary? Partition { get; set; }

    public RoutedAccuracy[] Routed { get; set; } = [];

    public double DeviceSeconds { get; set; }

    public double WallSeconds { get; set; }
}

/// <summary>Progress of one part of the work: lanes report, the grain reads.</summary>
internal sealed class Track(string name)
{
    private double _share;

    public string Name { get; } = name;

    public double Share => Volatile.Read(ref _share);

    public void Report(double share) => Volatile.Write(ref _share, share);
}
