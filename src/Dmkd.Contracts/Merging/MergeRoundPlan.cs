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
