using Dmkd.Contracts.Experts;

namespace Dmkd.Contracts.Merging;

/// <summary>Opens a merge: who is expected, onto which version, until when (proposal 3.4.2).</summary>
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

    /// <summary>Nodes expected, in node order.</summary>
    [Id(3)]
    public required string[] Participants { get; init; }

    /// <summary>Submissions needed to close at the deadline, in [1, participants].</summary>
    [Id(4)]
    public required int Quorum { get; init; }

    /// <summary>When the round closes with whoever has submitted.</summary>
    [Id(5)]
    public required DateTimeOffset Deadline { get; init; }

    /// <summary>Name of the merge rule.</summary>
    [Id(6)]
    public required string Rule { get; init; }
}
