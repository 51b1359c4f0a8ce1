namespace Dmkd.Contracts.Experts;

/// <summary>One version of a module's weights.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.ModuleVersion")]
public sealed record ModuleVersion
{
    /// <summary>Number in the chain, from 1.</summary>
    [Id(0)]
    public required int Number { get; init; }

    /// <summary>Digest of the weights in the weight store.</summary>
    [Id(1)]
    public required string Digest { get; init; }

    /// <summary>Size of the weights in the store.</summary>
    [Id(2)]
    public required long Bytes { get; init; }

    /// <summary>Digest of the version it was merged onto; null for the first.</summary>
    [Id(3)]
    public string? ParentDigest { get; init; }

    /// <summary>Round whose merge made it; null for the first.</summary>
    [Id(4)]
    public int? Round { get; init; }

    /// <summary>Who contributed, in node order; empty for the first.</summary>
    [Id(5)]
    public ModuleContribution[] Contributions { get; init; } = [];

    /// <summary>When it was published.</summary>
    [Id(6)]
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Merge rule that made it; null for the first.</summary>
    [Id(7)]
    public string? Rule { get; init; }

    /// <summary>The compressed update from the parent, for nodes that hold it; null when it would not be smaller than the weights.</summary>
    [Id(8)]
    public StoredBlob? Update { get; init; }

    /// <summary>What contributors measured before and after the merge; null when nothing was measured.</summary>
    [Id(9)]
    public MergeMetrics? Metrics { get; init; }

    /// <summary>Updates that were refused: node, check, limit and value.</summary>
    [Id(10)]
    public string[] Refusals { get; init; } = [];

    /// <summary>The basis that <see cref="Update"/> is relative to, which the round's nodes have already; null when it needs none.</summary>
    [Id(11)]
    public StoredBlob? Basis { get; init; }
}
