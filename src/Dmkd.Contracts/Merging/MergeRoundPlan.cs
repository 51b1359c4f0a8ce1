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
