using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Runs;

namespace Dmkd.Contracts.Nodes;

/// <summary>Asks a node to train a module on its own data for one round (proposal 3.4.1).</summary>
[GenerateSerializer, Immutable, Alias("dmkd.LocalUpdateRequest")]
public sealed record LocalUpdateRequest
{
    /// <summary>The node's place among the run's nodes, from 0: decides its data shard.</summary>
    [Id(0)]
    public required int NodeIndex { get; init; }

    /// <summary>Task whose data the module learns.</summary>
    [Id(1)]
    public required int Task { get; init; }

    /// <summary>Round of the task, from 0.</summary>
    [Id(2)]
    public required int Round { get; init; }

    /// <summary>The module.</summary>
    [Id(4)]
    public required ModuleDescriptor Module { get; init; }

    /// <summary>The merged version that the round's deltas are relative to.</summary>
    [Id(5)]
    public required ModuleVersion Base { get; init; }

    /// <summary>The legacy model to distil from, when it knows the module's classes.</summary>
    [Id(6)]
    public LegacyTeacher? Teacher { get; init; }

    /// <summary>The run.</summary>
    [Id(7)]
    public required string RunId { get; init; }

    /// <summary>The run's settings.</summary>
    [Id(8)]
    public required RunSettings Settings { get; init; }

    /// <summary>Longest time the node waits for the round's shared basis.</summary>
    [Id(9)]
    public TimeSpan BasisWait { get; init; }

    /// <summary>W3C trace context of the round, so that the update belongs to its trace; null without tracing.</summary>
    [Id(10)]
    public string? Trace { get; init; }

    /// <summary>The options of the round's merge plan, by which the update is packed and submitted; null when the round does not merge.</summary>
    [Id(11)]
    public MergeOptions? Merging { get; init; }

    /// <summary>Whether the update is packed and submitted to the merge coordinator after training.</summary>
    public bool SubmitsDelta => Merging is not null;

    /// <summary>Names the work: a repeat with the same key is the same work.</summary>
    public string WorkKey => $"{RunId}/{Module.Name}/{Round}";
}
