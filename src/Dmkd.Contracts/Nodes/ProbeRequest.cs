using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Runs;

namespace Dmkd.Contracts.Nodes;

/// <summary>Has a node measure a version of a module on its own data. The data stay where they are.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.ProbeRequest")]
public sealed record ProbeRequest
{
    /// <summary>The node's place among the run's nodes, from 0.</summary>
    [Id(0)]
    public required int NodeIndex { get; init; }

    /// <summary>Task whose data are measured; of exemplars the last task whose classes have been seen.</summary>
    [Id(1)]
    public required int Task { get; init; }

    /// <summary>The module.</summary>
    [Id(2)]
    public required ModuleDescriptor Module { get; init; }

    /// <summary>The version to measure; it need not be published yet.</summary>
    [Id(3)]
    public required ModuleVersion Version { get; init; }

    /// <summary>The run's settings.</summary>
    [Id(4)]
    public required RunSettings Settings { get; init; }

    /// <summary>What is measured.</summary>
    [Id(5)]
    public required Probe Probe { get; init; }
}

/// <summary>What a node measures.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.Probe")]
public abstract record Probe;

/// <summary>Entropy of the predictions, and the evidence seen, on the calibration set (proposal 3.3). Answer: <see cref="EntropyReport"/>.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.EntropyProbe")]
public sealed record EntropyProbe : Probe;

/// <summary>Accuracy and loss beside those of another version, on the calibration set. Answer: <see cref="ComparisonReport"/>.</summary>
/// <param name="Before">The version to compare with: the one that serves.</param>
[GenerateSerializer, Immutable, Alias("dmkd.ComparisonProbe")]
public sealed record ComparisonProbe([property: Id(0)] ModuleVersion Before) : Probe;

/// <summary>Batch-norm statistics, measured anew on the calibration set. Answer: <see cref="StatisticsReport"/>.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.StatisticsProbe")]
public sealed record StatisticsProbe : Probe;

/// <summary>Class scores of some of the node's exemplars (docs/adr/0018). Answer: <see cref="ExemplarReport"/>.</summary>
/// <param name="First">First exemplar, from 0; the node answers for up to <see cref="MaxExemplars"/>.</param>
/// <param name="WantsDescriptors">Whether descriptors are wanted.</param>
[GenerateSerializer, Immutable, Alias("dmkd.ExemplarProbe")]
public sealed record ExemplarProbe([property: Id(0)] int First, [property: Id(1)] bool WantsDescriptors) : Probe
{
    /// <summary>Most exemplars of one request: its work is bounded.</summary>
    public const int MaxExemplars = 500;
}

/// <summary>Moments of the inputs' features in the module's space (docs/adr/0019). Answer: <see cref="MomentsReport"/>.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.MomentsProbe")]
public sealed record MomentsProbe : Probe
{
    /// <summary>Most inputs that a node measures; of more it draws as many of each class.</summary>
    public const int MaxInputs = 2_000;

    /// <summary>Most features, over all views: what is told grows with their square.</summary>
    public const int MaxFeatures = 1_024;
}
