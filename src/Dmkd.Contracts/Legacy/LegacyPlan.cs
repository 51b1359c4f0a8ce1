using Dmkd.Contracts.Runs;

namespace Dmkd.Contracts.Legacy;

/// <summary>How a legacy model is made and taken apart (proposal 3.2).</summary>
[GenerateSerializer, Immutable, Alias("dmkd.LegacyPlan")]
public sealed record LegacyPlan
{
    /// <summary>Run that asks.</summary>
    [Id(0)]
    public required string RunId { get; init; }

    /// <summary>The run's settings.</summary>
    [Id(1)]
    public required RunSettings Settings { get; init; }
}
