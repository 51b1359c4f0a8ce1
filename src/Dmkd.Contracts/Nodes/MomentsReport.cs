namespace Dmkd.Contracts.Nodes;

/// <summary>Moments of a node's images in a module's feature space: sums over images, never a single one's numbers.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.MomentsReport")]
public sealed record MomentsReport
{
    /// <summary>Number of features.</summary>
    [Id(0)]
    public required int Width { get; init; }

    /// <summary>The data set's index of each class of the task.</summary>
    [Id(1)]
    public required int[] Classes { get; init; }

    /// <summary>Images measured of each class.</summary>
    [Id(2)]
    public required long[] Counts { get; init; }

    /// <summary>Sum of the features of each class, fp32 little-endian, shape [classes, features].</summary>
    [Id(3)]
    public required byte[] Sums { get; init; }

    /// <summary>Upper triangle of the sum of products of two features, fp32 little-endian, row by row.</summary>
    [Id(4)]
    public required byte[] Products { get; init; }

    /// <summary>Device time, in seconds.</summary>
    [Id(5)]
    public double DeviceSeconds { get; init; }

    /// <summary>Bytes of weights fetched.</summary>
    [Id(6)]
    public long DownloadedBytes { get; init; }

    /// <summary>Bytes of what is told.</summary>
    public long Bytes => (sizeof(int) + sizeof(long)) * Classes.Length + Sums.Length + (long)Products.Length;
}
