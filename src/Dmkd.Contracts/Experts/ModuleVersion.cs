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

    /// <summary>Round within the task whose merge made it, an index from 0; null for the first.</summary>
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

    /// <summary>
    /// The compressed update from the parent, for nodes that hold it; null when it would not be smaller than the
    /// weights.
    /// </summary>
    [Id(8)]
    public StoredBlob? Update { get; init; }

    /// <summary>What contributors measured before and after the merge; null when nothing was measured.</summary>
    [Id(9)]
    public MergeMetrics? Metrics { get; init; }

    /// <summary>Updates that were refused: node, check, limit and value.</summary>
    [Id(10)]
    public string[] Refusals { get; init; } = [];

    /// <summary>
    /// The basis that <see cref="Update"/> is relative to, which the round's nodes have already; null when it needs
    /// none.
    /// </summary>
    [Id(11)]
    public StoredBlob? Basis { get; init; }
}

/// <summary>A module on the contributors' calibration data before and after a merge.</summary>
/// <param name="SampleCount">Images, over all contributors that answered.</param>
/// <param name="AccuracyBefore">Of the old version, in [0, 1].</param>
/// <param name="AccuracyAfter">Of the new version, in [0, 1].</param>
/// <param name="LossBefore">Mean cross-entropy of the old version, in nats.</param>
/// <param name="LossAfter">Mean cross-entropy of the new version, in nats.</param>
[GenerateSerializer, Immutable, Alias("dmkd.MergeMetrics")]
public sealed record MergeMetrics(
    [property: Id(0)] long SampleCount,
    [property: Id(1)] double AccuracyBefore,
    [property: Id(2)] double AccuracyAfter,
    [property: Id(3)] double LossBefore,
    [property: Id(4)] double LossAfter
);

/// <summary>What one node gave to a merged version.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="SampleCount">Images it says it trained on.</param>
/// <param name="PayloadBytes">Serialized size of its update.</param>
/// <param name="Digest">Digest of its serialized update.</param>
/// <param name="Weight">Its share of the merged update, in [0, 1]; 0 when the rule left it out.</param>
[GenerateSerializer, Immutable, Alias("dmkd.ModuleContribution")]
public sealed record ModuleContribution(
    [property: Id(0)] string NodeId,
    [property: Id(1)] long SampleCount,
    [property: Id(2)] long PayloadBytes,
    [property: Id(3)] string? Digest = null,
    [property: Id(4)] double Weight = 0
);

/// <summary>Names bytes in the weight store.</summary>
/// <param name="Digest">Their digest.</param>
/// <param name="Bytes">Their number.</param>
[GenerateSerializer, Immutable, Alias("dmkd.StoredBlob")]
public sealed record StoredBlob([property: Id(0)] string Digest, [property: Id(1)] long Bytes);
