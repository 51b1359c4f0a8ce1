using Dmkd.Contracts.Settings;

namespace Dmkd.Contracts.Runs;

/// <summary>What a run measured. Accuracies are in [0, 1].</summary>
[GenerateSerializer, Immutable, Alias("dmkd.RunReport")]
public sealed record RunReport
{
    /// <summary>The run.</summary>
    [Id(0)]
    public required string RunId { get; init; }

    /// <summary>Library it filled.</summary>
    [Id(1)]
    public required string Library { get; init; }

    /// <summary>Its settings.</summary>
    [Id(2)]
    public required RunSettings Settings { get; init; }

    /// <summary>A[t][i]: class-incremental accuracy on task i after task t, rows of t + 1 values.</summary>
    [Id(3)]
    public required double[][] ClassIncremental { get; init; }

    /// <summary>The same with the task known at test.</summary>
    [Id(4)]
    public required double[][] TaskIncremental { get; init; }

    /// <summary>Macro-F1 over all classes at the end, class-incremental.</summary>
    [Id(5)]
    public required double MacroF1 { get; init; }

    /// <summary>Share of test images whose most probable expert is their task's, at the end.</summary>
    [Id(6)]
    public required double TaskDetectionRate { get; init; }

    /// <summary>
    /// Serialized bytes of the updates that nodes sent and coordinators accepted, and of what they told for the
    /// routing.
    /// </summary>
    [Id(7)]
    public required long BytesUp { get; init; }

    /// <summary>Bytes of weights that nodes fetched.</summary>
    [Id(8)]
    public required long BytesDown { get; init; }

    /// <summary>What the updates would have taken as dense fp32.</summary>
    [Id(9)]
    public required long DenseBytes { get; init; }

    /// <summary>Device time of all participants, in seconds.</summary>
    [Id(10)]
    public required double DeviceSeconds { get; init; }

    /// <summary>Time the run was at work, in seconds; without the time between a kill and a resume.</summary>
    [Id(11)]
    public required double WallSeconds { get; init; }

    /// <summary>Accuracy of the legacy model on its own classes; null without one.</summary>
    [Id(12)]
    public double? LegacyAccuracy { get; init; }

    /// <summary>Number of weights of each expert, in task order.</summary>
    [Id(13)]
    public required long[] ExpertParameters { get; init; }

    /// <summary>
    /// Multiply-adds to predict one input at the end, all views counted: of every expert, or of the R largest where the
    /// gate chooses before any expert runs.
    /// </summary>
    [Id(14)]
    public required long MacsPerInput { get; init; }

    /// <summary>Training images of past tasks that nodes kept for the last fit of the routing; 0 without.</summary>
    [Id(15)]
    public int Exemplars { get; init; }

    /// <summary>Of <see cref="BytesUp"/>, what the routing was fitted to: scores of exemplars, or moments.</summary>
    [Id(16)]
    public long RoutingBytes { get; init; }

    /// <summary>
    /// What each task's expert cost to learn; in a run that took its experts over, what it cost where they were
    /// learned.
    /// </summary>
    [Id(17)]
    public LearningCost[] Learning { get; init; } = [];

    /// <summary>Experts that learned nothing, in task order; most runs have none.</summary>
    [Id(18)]
    public DivergedExpert[] Diverged { get; init; } = [];

    /// <summary>
    /// What each node's own held-out examples said after the last task, in a library that parties grow; else none.
    /// </summary>
    [Id(19)]
    public NodeAccuracy[] NodeAccuracies { get; init; } = [];
}

/// <summary>How a library does on what a node keeps for testing.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Right">Examples whose class was found, the task unknown.</param>
/// <param name="Count">Examples.</param>
[GenerateSerializer, Immutable, Alias("dmkd.NodeAccuracy")]
public sealed record NodeAccuracy(
    [property: Id(0)] string Node,
    [property: Id(1)] long Right,
    [property: Id(2)] long Count
);

/// <summary>An expert that learned nothing: it diverged, or none of its merges was accepted.</summary>
/// <param name="Module">Its name.</param>
/// <param name="Loss">Mean cross-entropy after its last merge, in nats; null when none was accepted.</param>
/// <param name="Guessing">Cross-entropy of guessing among its classes, in nats.</param>
[GenerateSerializer, Immutable, Alias("dmkd.DivergedExpert")]
public sealed record DivergedExpert(
    [property: Id(0)] string Module,
    [property: Id(1)] double? Loss,
    [property: Id(2)] double Guessing
);
