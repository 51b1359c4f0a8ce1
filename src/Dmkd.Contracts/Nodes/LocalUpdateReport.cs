namespace Dmkd.Contracts.Nodes;

/// <summary>What a local update did.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.LocalUpdateReport")]
public sealed record LocalUpdateReport
{
    /// <summary>Images trained on.</summary>
    [Id(0)]
    public required long SampleCount { get; init; }

    /// <summary>Mean training loss of the last epoch.</summary>
    [Id(1)]
    public required double MeanLoss { get; init; }

    /// <summary>Device time of training and compression, in seconds.</summary>
    [Id(2)]
    public required double DeviceSeconds { get; init; }

    /// <summary>Bytes of weights the node fetched for the update.</summary>
    [Id(3)]
    public required long DownloadedBytes { get; init; }
}
