namespace Dmkd.Contracts.Nodes;

/// <summary>What a node tells about some of its exemplars: numbers made of them, never the images.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.ExemplarReport")]
public sealed record ExemplarReport
{
    /// <summary>Exemplars of the node in all.</summary>
    [Id(0)]
    public required int Total { get; init; }

    /// <summary>The data set's class index of each exemplar of this report.</summary>
    [Id(1)]
    public required int[] Labels { get; init; }

    /// <summary>The module's class scores, fp32 little-endian, shape [exemplars, classes].</summary>
    [Id(2)]
    public required byte[] ClassScores { get; init; }

    /// <summary>Descriptors, fp32 little-endian, shape [exemplars, numbers]; empty when they were not wanted.</summary>
    [Id(3)]
    public byte[] Descriptors { get; init; } = [];

    /// <summary>Device time, in seconds.</summary>
    [Id(4)]
    public double DeviceSeconds { get; init; }

    /// <summary>Bytes of weights fetched.</summary>
    [Id(5)]
    public long DownloadedBytes { get; init; }

    /// <summary>Bytes of what is told.</summary>
    public long Bytes => sizeof(int) * (Labels.Length + 1L) + ClassScores.Length + Descriptors.Length;
}
