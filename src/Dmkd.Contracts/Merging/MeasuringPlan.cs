using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Runs;

namespace Dmkd.Contracts.Merging;

/// <summary>What nodes need to measure a module on their own calibration data.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.MeasuringPlan")]
public sealed record MeasuringPlan
{
    /// <summary>Place of each participant among the run's nodes, from 0, in the order of the participants.</summary>
    [Id(0)]
    public required int[] NodeIndices { get; init; }

    /// <summary>Task whose data is measured on.</summary>
    [Id(1)]
    public required int Task { get; init; }

    /// <summary>The module.</summary>
    [Id(2)]
    public required ModuleDescriptor Module { get; init; }

    /// <summary>The run's settings.</summary>
    [Id(3)]
    public required RunSettings Settings { get; init; }
}
