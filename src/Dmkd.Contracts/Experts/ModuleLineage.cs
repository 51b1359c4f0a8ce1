namespace Dmkd.Contracts.Experts;

/// <summary>Where a module's first weights came from.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.ModuleLineage")]
public sealed record ModuleLineage
{
    /// <summary>How the module came to be.</summary>
    [Id(0)]
    public required ModuleOrigin Origin { get; init; }

    /// <summary>Run that made it.</summary>
    [Id(1)]
    public required string RunId { get; init; }

    /// <summary>Digest of the legacy model's weights, for <see cref="ModuleOrigin.Preserved"/>.</summary>
    [Id(2)]
    public string? LegacyDigest { get; init; }

    /// <summary>
    /// Share of the legacy weights in the first version, the proposal's α, for <see cref="ModuleOrigin.Preserved"/>.
    /// </summary>
    [Id(3)]
    public double? LegacyFraction { get; init; }

    /// <summary>Cluster of the partition it was cut from, for <see cref="ModuleOrigin.Preserved"/>.</summary>
    [Id(4)]
    public int? Cluster { get; init; }

    /// <summary>
    /// Share of the legacy model's total importance its units carry, in [0, 1], for
    /// <see cref="ModuleOrigin.Preserved"/>.
    /// </summary>
    [Id(5)]
    public double? ImportanceShare { get; init; }

    /// <summary>Name of the module whose features it started from, for <see cref="ModuleOrigin.Spawned"/>.</summary>
    [Id(6)]
    public string? Parent { get; init; }

    /// <summary>Digest of the parent's weights, for <see cref="ModuleOrigin.Spawned"/>.</summary>
    [Id(7)]
    public string? ParentDigest { get; init; }
}
