using Dmkd.Contracts.Experts;

namespace Dmkd.Contracts.Merging;

/// <summary>A node's packed update to a module, or its part of the round's shared basis (proposal 3.4.3).</summary>
[GenerateSerializer, Immutable, Alias("dmkd.DeltaSubmission")]
public sealed record DeltaSubmission
{
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

    /// <summary>
    /// The tensors. Id 5 was their own form on the wire, until version 0.2; a submission of such a program has none
    /// here.
    /// </summary>
    [Id(10)]
    public required TensorReference Tensors { get; init; }

    /// <summary>
    /// How the node's training went: two numbers, for whoever follows the run; no merge looks at them. Null when they
    /// are not finite, and of older programs.
    /// </summary>
    [Id(11)]
    public TrainingFigures? Training { get; init; }
}

/// <summary>How well a module fits the data it was trained on, as it was trained: before each step.</summary>
/// <param name="MeanLoss">Mean loss of the last epoch, over the examples; finite.</param>
/// <param name="Accuracy">Share of the same answers that name the example's class, in [0, 1].</param>
[GenerateSerializer, Immutable, Alias("dmkd.TrainingFigures")]
public sealed record TrainingFigures([property: Id(0)] double MeanLoss, [property: Id(1)] double Accuracy);

/// <summary>
/// Tensors of a message, as safetensors bytes: named by digest, like everything in the weight store. Small ones come
/// along; larger ones lie in the store already, so that no message grows with the model.
/// </summary>
[GenerateSerializer, Immutable, Alias("dmkd.TensorReference")]
public sealed record TensorReference
{
    /// <summary>Most bytes that come along.</summary>
    public const int MaxInlineBytes = 256 << 10;

    /// <summary>Digest and number of the bytes.</summary>
    [Id(0)]
    public required StoredBlob Blob { get; init; }

    /// <summary>The bytes; null when they lie in the weight store.</summary>
    [Id(1)]
    public byte[]? Inline { get; init; }
}

/// <summary>What a submission carries.</summary>
[Alias("dmkd.SubmissionKind")]
public enum SubmissionKind
{
    /// <summary>The node's update.</summary>
    Update = 0,

    /// <summary>The node's part of the round's shared basis.</summary>
    Projection = 1,
}
