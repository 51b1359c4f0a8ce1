using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Runs;

namespace Dmkd.Contracts.Nodes;

/// <summary>Asks a node for the entropy of a module's predictions on its calibration set, and for the evidence it sees there (proposal 3.3).</summary>
[GenerateSerializer, Immutable, Alias("dmkd.EntropyRequest")]
public sealed record EntropyRequest
{
    /// <summary>The node's place among the run's nodes, from 0.</summary>
    [Id(0)]
    public required int NodeIndex { get; init; }

    /// <summary>Task whose data the calibration set is drawn from.</summary>
    [Id(1)]
    public required int Task { get; init; }

    /// <summary>The module.</summary>
    [Id(2)]
    public required ModuleDescriptor Module { get; init; }

    /// <summary>The version to measure.</summary>
    [Id(3)]
    public required ModuleVersion Version { get; init; }

    /// <summary>The run's settings.</summary>
    [Id(4)]
    public required RunSettings Settings { get; init; }
}
