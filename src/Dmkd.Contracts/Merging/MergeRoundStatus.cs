using Dmkd.Contracts.Experts;

namespace Dmkd.Contracts.Merging;

/// <summary>Where a merge is.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.MergeRoundStatus")]
public sealed record MergeRoundStatus
{
    /// <summary>Phase of the round asked for; <see cref="MergePhase.Idle"/> when it is not the coordinator's current one.</summary>
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
}
