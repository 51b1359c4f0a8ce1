namespace Dmkd.Contracts.Experts;

/// <summary>An expert cut out of a legacy model.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.PreservedExpert")]
public sealed record PreservedExpert
{
    /// <summary>Task whose classes it answers for.</summary>
    [Id(0)]
    public required int Task { get; init; }

    /// <summary>Cluster of the partition.</summary>
    [Id(1)]
    public required int Cluster { get; init; }

    /// <summary>Text form of its architecture.</summary>
    [Id(2)]
    public required string Architecture { get; init; }

    /// <summary>Digest of its weights in the weight store.</summary>
    [Id(3)]
    public required string Digest { get; init; }

    /// <summary>Size of its weights.</summary>
    [Id(4)]
    public required long Bytes { get; init; }

    /// <summary>Share of the legacy model's importance that its units carry, in [0, 1].</summary>
    [Id(5)]
    public required double ImportanceShare { get; init; }
}

/// <summary>A trained monolithic network.</summary>
/// <param name="Architecture">Text form of its architecture.</param>
/// <param name="Digest">Digest of its weights in the weight store.</param>
/// <param name="Accuracy">Accuracy on the test images of its classes, in [0, 1].</param>
[GenerateSerializer, Immutable, Alias("dmkd.LegacyModel")]
public sealed record LegacyModel(
    [property: Id(0)] string Architecture,
    [property: Id(1)] string Digest,
    [property: Id(2)] double Accuracy
);

/// <summary>A legacy model cut to an expert's widths: the units most important to all its classes.</summary>
/// <param name="Architecture">Text form of its architecture.</param>
/// <param name="Digest">Digest of its weights in the weight store.</param>
[GenerateSerializer, Immutable, Alias("dmkd.LegacyFeatures")]
public sealed record LegacyFeatures([property: Id(0)] string Architecture, [property: Id(1)] string Digest);

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
