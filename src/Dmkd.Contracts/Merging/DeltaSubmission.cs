using Dmkd.Contracts.Wire;

namespace Dmkd.Contracts.Merging;

/// <summary>A node's compressed update to a module (proposal 3.4.3).</summary>
[GenerateSerializer, Immutable, Alias("dmkd.DeltaSubmission")]
public sealed record DeltaSubmission
{
    /// <summary>Most bytes of values in one submission: under the cluster's limit of 100 MiB a message, past which connections break.</summary>
    public const long MaxValueBytes = 64L << 20;

    /// <summary>The run.</summary>
    [Id(0)]
    public required string RunId { get; init; }

    /// <summary>Round of the task.</summary>
    [Id(1)]
    public required int Round { get; init; }

    /// <summary>The node.</summary>
    [Id(2)]
    public required string NodeId { get; init; }

    /// <summary>Number of the version the delta is relative to.</summary>
    [Id(3)]
    public required int BaseVersion { get; init; }

    /// <summary>Images it was trained on.</summary>
    [Id(4)]
    public required long SampleCount { get; init; }

    /// <summary>The update, one payload per weight, in the architecture's order.</summary>
    [Id(5)]
    public required TensorPayload[] Tensors { get; init; }

    /// <summary>What the tensors are.</summary>
    [Id(6)]
    public SubmissionKind Kind { get; init; }

    /// <summary>Digest of the version the delta is relative to.</summary>
    [Id(7)]
    public string? BaseDigest { get; init; }

    /// <summary>Device time of training and compression, in seconds.</summary>
    [Id(8)]
    public double DeviceSeconds { get; init; }

    /// <summary>Bytes of weights the node fetched for the update.</summary>
    [Id(9)]
    public long DownloadedBytes { get; init; }
}
