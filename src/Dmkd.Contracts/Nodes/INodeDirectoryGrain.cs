using Orleans.Concurrency;

namespace Dmkd.Contracts.Nodes;

/// <summary>
/// Knows the nodes that parties offer, by name: what each has told of itself, and whether it is here. One per cluster:
/// key <see cref="Key"/>.
/// </summary>
[Alias("dmkd.INodeDirectoryGrain")]
public interface INodeDirectoryGrain : IGrainWithStringKey
{
    /// <summary>The only key.</summary>
    const string Key = "nodes";

    /// <summary>A silo offers a node, as it starts; a repeat replaces what the node told before.</summary>
    /// <returns>Null; or, when another silo of the cluster offers a node of that name, that silo's address.</returns>
    [Alias("offer")]
    Task<string?> OfferAsync(NodeOffer offer, CancellationToken cancellationToken = default);

    /// <summary>All nodes that were ever offered, by name.</summary>
    [AlwaysInterleave, Alias("list")]
    Task<IReadOnlyList<OfferedNode>> ListAsync(CancellationToken cancellationToken = default);
}

/// <summary>What a node tells of itself, and no more: never an example, a file's name or a path.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.NodeOffer")]
public sealed record NodeOffer
{
    /// <summary>Its name.</summary>
    [Id(0)]
    public required string Name { get; init; }

    /// <summary>Address of the silo that offers it, with the generation that tells its starts apart.</summary>
    [Id(1)]
    public required string Silo { get; init; }

    /// <summary>What its examples are, such as <c>images</c>.</summary>
    [Id(2)]
    public required string Modality { get; init; }

    /// <summary>What it computes on, one of the device kinds; null when not known.</summary>
    [Id(3)]
    public string? Device { get; init; }

    /// <summary>Names of its classes.</summary>
    [Id(4)]
    public required string[] Classes { get; init; }

    /// <summary>Training examples of each class, in the order of <see cref="Classes"/>.</summary>
    [Id(5)]
    public required int[] TrainCounts { get; init; }

    /// <summary>Examples of each class that are kept for testing.</summary>
    [Id(6)]
    public required int[] TestCounts { get; init; }
}

/// <summary>A node as the cluster knows it.</summary>
/// <param name="Offer">What it told last.</param>
/// <param name="IsHere">Whether its silo is; else it is away, and misses what happens meanwhile.</param>
[GenerateSerializer, Immutable, Alias("dmkd.OfferedNode")]
public sealed record OfferedNode([property: Id(0)] NodeOffer Offer, [property: Id(1)] bool IsHere);
