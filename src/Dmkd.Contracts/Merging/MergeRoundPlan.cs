using System.ComponentModel.DataAnnotations;
using Dmkd.Contracts.Experts;

namespace Dmkd.Contracts.Merging;

/// <summary>Opens a merge: who may take part, onto which version, for how long (proposal 3.4.2).</summary>
[GenerateSerializer, Immutable, Alias("dmkd.MergeRoundPlan")]
public sealed record MergeRoundPlan
{
    /// <summary>The run.</summary>
    [Id(0)]
    public required string RunId { get; init; }

    /// <summary>Round of the task.</summary>
    [Id(1)]
    public required int Round { get; init; }

    /// <summary>The version the deltas are relative to.</summary>
    [Id(2)]
    public required ModuleVersion Base { get; init; }

    /// <summary>Nodes that take part, in node order.</summary>
    [Id(3)]
    public required string[] Participants { get; init; }

    /// <summary>Submissions needed to close at the deadline, in [1, participants].</summary>
    [Id(4)]
    public required int Quorum { get; init; }

    /// <summary>Time from opening until the round closes with whoever has submitted.</summary>
    [Id(7)]
    public required TimeSpan Wait { get; init; }

    /// <summary>Participants that are waited for; the others count when they come in time. Empty: all.</summary>
    [Id(8)]
    public string[] Expected { get; init; } = [];

    /// <summary>How updates are sent and merged.</summary>
    [Id(9)]
    public required MergeOptions Options { get; init; }

    /// <summary>What nodes need to measure the merged module; null when nothing is measured.</summary>
    [Id(10)]
    public MeasuringPlan? Measuring { get; init; }

    /// <summary>Most images that a node can have trained on: a larger claim is refused.</summary>
    [Id(12)]
    public long MaxSamples { get; init; } = long.MaxValue;

    /// <summary>
    /// W3C trace context of the round, so that its merge belongs to its trace whenever it runs; null without tracing.
    /// </summary>
    [Id(13)]
    public string? Trace { get; init; }
}

/// <summary>How a module's updates are sent and merged (proposal 3.4).</summary>
[GenerateSerializer, Immutable, Alias("dmkd.MergeOptions")]
public sealed record MergeOptions
{
    /// <summary>How updates are averaged, a merge rule. Default: weighted.</summary>
    [Id(0)]
    public string Rule { get; init; } = "weighted";

    /// <summary>
    /// The exchange that updates are sent by: an exchange by name, or <c>aligned</c> for replicas of different first
    /// weights. Default: svd.
    /// </summary>
    [Id(1)]
    public string Compressor { get; init; } = "svd";

    /// <summary>Rank kept of each matrix, the proposal's r; 0 sends updates whole. Default: 8.</summary>
    [Id(2), Range(0, 4096)]
    public int Rank { get; init; } = 8;

    /// <summary>Whether values travel as fp16. Default: no.</summary>
    [Id(3)]
    public bool HalfPrecision { get; init; }

    /// <summary>Whether a node adds to its next update what compression dropped from the last. Default: no.</summary>
    [Id(4)]
    public bool ErrorFeedback { get; init; }

    /// <summary>Learning rate of the outer optimizer; 1 adds the merged update as it is. Default: 1.</summary>
    [Id(5), Range(1e-3, 10.0)]
    public double OuterLearningRate { get; init; } = 1;

    /// <summary>Nesterov momentum of the outer optimizer. Default: 0.</summary>
    [Id(6), Range(0.0, 0.999)]
    public double OuterMomentum { get; init; }

    /// <summary>
    /// Whether batch-norm statistics are measured anew on the nodes' data after a merge. Default: no.
    /// </summary>
    [Id(7)]
    public bool ReestimateBatchNorm { get; init; }

    /// <summary>
    /// A merge that costs more accuracy on the nodes' calibration data is refused, in [0, 1]; null accepts every merge.
    /// </summary>
    [Id(9), Range(0.0, 1.0)]
    public double? MaxDrop { get; init; }
}

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
