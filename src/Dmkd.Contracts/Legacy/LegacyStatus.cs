namespace Dmkd.Contracts.Legacy;

/// <summary>Where a legacy model is on its way to experts.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.LegacyStatus")]
public sealed record LegacyStatus
{
    /// <summary>What is being done.</summary>
    [Id(0)]
    public required LegacyStage Stage { get; init; }

    /// <summary>Share of the stage done, in [0, 1].</summary>
    [Id(1)]
    public double Progress { get; init; }

    /// <summary>The model, once trained.</summary>
    [Id(2)]
    public LegacyModel? Model { get; init; }

    /// <summary>The experts, once <see cref="LegacyStage.Completed"/>.</summary>
    [Id(3)]
    public PreservedExpert[] Experts { get; init; } = [];

    /// <summary>Device time spent so far, in seconds.</summary>
    [Id(4)]
    public double DeviceSeconds { get; init; }

    /// <summary>What went wrong, for <see cref="LegacyStage.Failed"/>.</summary>
    [Id(5)]
    public string? Error { get; init; }

    /// <summary>What a new expert can start from, once <see cref="LegacyStage.Completed"/>; null when the run does not want it.</summary>
    [Id(6)]
    public LegacyFeatures? Features { get; init; }
}
