using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Runs;

namespace Dmkd.Contracts.Nodes;

/// <summary>Asks a node about merged weights that are not published yet, on its own calibration data.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.CandidateRequest")]
public sealed record CandidateRequest
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

    /// <summary>The version that serves now.</summary>
    [Id(3)]
    public required ModuleVersion Base { get; init; }

    /// <summary>The merged version, not yet published.</summary>
    [Id(4)]
    public required ModuleVersion Candidate { get; init; }

    /// <summary>The run's settings.</summary>
    [Id(5)]
    public required RunSettings Settings { get; init; }
}
