using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Runs;

namespace Dmkd.Contracts.Nodes;

/// <summary>Asks a node for the moments of its images' features in a module's space (docs/adr/0019). The images stay where they are.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.MomentsRequest")]
public sealed record MomentsRequest
{
    /// <summary>Most images that a node measures; of more it draws as many of each class.</summary>
    public const int MostImages = 2_000;

    /// <summary>Most features, over all views: what is told grows with their square.</summary>
    public const int MostFeatures = 1_024;

    /// <summary>The node's place among the run's nodes, from 0.</summary>
    [Id(0)]
    public required int NodeIndex { get; init; }

    /// <summary>Task whose images are measured.</summary>
    [Id(1)]
    public required int Task { get; init; }

    /// <summary>The module.</summary>
    [Id(2)]
    public required ModuleDescriptor Module { get; init; }

    /// <summary>The version that serves.</summary>
    [Id(3)]
    public required ModuleVersion Version { get; init; }

    /// <summary>The run's settings.</summary>
    [Id(4)]
    public required RunSettings Settings { get; init; }
}
