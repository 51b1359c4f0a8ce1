namespace Dmkd.Contracts.Nodes;

/// <summary>Where a local update is.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.LocalUpdateStatus")]
public sealed record LocalUpdateStatus
{
    /// <summary>State of the work.</summary>
    [Id(0)]
    public required WorkState State { get; init; }

    /// <summary>Share done, in [0, 1].</summary>
    [Id(1)]
    public double Progress { get; init; }

    /// <summary>The report, once completed.</summary>
    [Id(2)]
    public LocalUpdateReport? Report { get; init; }

    /// <summary>What went wrong, when failed.</summary>
    [Id(3)]
    public string? Error { get; init; }

    /// <summary>Whether the node has worked on a later round of the same module: whoever asks is behind.</summary>
    [Id(4)]
    public bool IsOutdated { get; init; }
}
