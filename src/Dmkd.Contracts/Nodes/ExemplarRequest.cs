using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Runs;

namespace Dmkd.Contracts.Nodes;

/// <summary>Has a module score some of a node's exemplars (docs/adr/0018). The images stay where they are.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.ExemplarRequest")]
public sealed record ExemplarRequest
{
    /// <summary>Most exemplars of one request: its work is bounded.</summary>
    public const int MostExemplars = 500;

    /// <summary>The node's place among the run's nodes, from 0.</summary>
    [Id(0)]
    public required int NodeIndex { get; init; }

    /// <summary>Last task whose classes have been seen.</summary>
    [Id(1)]
    public required int LastTask { get; init; }

    /// <summary>The module.</summary>
    [Id(2)]
    public required ModuleDescriptor Module { get; init; }

    /// <summary>The version that serves.</summary>
    [Id(3)]
    public required ModuleVersion Version { get; init; }

    /// <summary>First exemplar, from 0; the node answers for up to <see cref="MostExemplars"/>.</summary>
    [Id(4)]
    public required int First { get; init; }

    /// <summary>Whether descriptors are wanted.</summary>
    [Id(5)]
    public bool WantsDescriptors { get; init; }

    /// <summary>The run's settings.</summary>
    [Id(6)]
    public required RunSettings Settings { get; init; }
}
