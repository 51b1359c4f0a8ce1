namespace Dmkd.Contracts.Preservation;

/// <summary>A partition made small enough for a picture.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.PartitionSummary")]
public sealed record PartitionSummary
{
    /// <summary>Cells per side of the adjacency.</summary>
    [Id(0)]
    public required int Size { get; init; }

    /// <summary>Mean edge weights between the units of two cells, float32 little-endian, shape [Size, Size], units ordered by cluster.</summary>
    [Id(1)]
    public required byte[] Adjacency { get; init; }

    /// <summary>First cell of each cluster.</summary>
    [Id(2)]
    public required int[] ClusterStarts { get; init; }

    /// <summary>Share of each class's importance that lies in each cluster, shape [clusters][classes].</summary>
    [Id(3)]
    public required double[][] ImportanceByClass { get; init; }
}
