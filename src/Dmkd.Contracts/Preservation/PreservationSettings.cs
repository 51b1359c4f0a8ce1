using System.ComponentModel.DataAnnotations;
using Dmkd.Contracts.Runs;

namespace Dmkd.Contracts.Preservation;

/// <summary>Everything that decides what experts come out of a legacy model. Same settings on the same kind of device, same numbers.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.PreservationSettings")]
public sealed record PreservationSettings
{
    /// <summary>Images to calibrate, distil and evaluate with; its classes are the legacy model's outputs, in order.</summary>
    [Id(0)]
    public required DataSource Data { get; init; }

    /// <summary>Text form of the legacy model's architecture; of the surrogate's when the legacy model is a TorchScript program.</summary>
    [Id(1)]
    public required string Architecture { get; init; }

    /// <summary>Normalisation the legacy model was trained with, by name. Default: imagenet.</summary>
    [Id(2)]
    public string Normalisation { get; init; } = "imagenet";

    /// <summary>Number of experts, the proposal's K. Default: 2.</summary>
    [Id(3), Range(1, 1000)]
    public int Experts { get; init; } = 2;

    /// <summary>Share of the legacy weights in an expert's first version, the proposal's α. Default: 0.5.</summary>
    [Id(4), Range(0.0, 1.0)]
    public double Alpha { get; init; } = 0.5;

    /// <summary>Classes of each expert; null for what <see cref="Grouping"/> says.</summary>
    [Id(5)]
    public int[][]? ClassGroups { get; init; }

    /// <summary>How units are divided, one of <see cref="PartitionNames"/>. Default: importance.</summary>
    [Id(6)]
    public string Partition { get; init; } = PartitionNames.Importance;

    /// <summary>How importance is measured, one of <see cref="ScoreNames"/>. Default: gradient.</summary>
    [Id(7)]
    public string Scores { get; init; } = ScoreNames.Gradient;

    /// <summary>Most multiply-adds of an expert as a share of the legacy model's; 0 for the widths that the cluster owns. Default: 0.3.</summary>
    [Id(8), Range(0.0, 1.0)]
    public double ExpertSize { get; init; } = 0.3;

    /// <summary>Least width of every layer, as a share of the legacy model's. Default: 0.25.</summary>
    [Id(9), Range(0.0, 1.0)]
    public double MinimumWidth { get; init; } = 0.25;

    /// <summary>Most multiply-adds of the gate network as a share of the legacy model's; 0 for no gate network. Default: 0.1.</summary>
    [Id(10), Range(0.0, 1.0)]
    public double GateSize { get; init; } = 0.1;

    /// <summary>Images per class of the calibration set. Default: 100.</summary>
    [Id(11), Range(2, 1_000_000)]
    public int CalibrationPerClass { get; init; } = 100;

    /// <summary>Passes over an expert's images when it is distilled. Default: 8.</summary>
    [Id(12), Range(0, 10_000)]
    public int Epochs { get; init; } = 8;

    /// <summary>Images per step. Default: 64.</summary>
    [Id(13), Range(2, 65_536)]
    public int BatchSize { get; init; } = 64;

    /// <summary>Learning rate of Adam at the start; it falls to 0 by half a cosine. Default: 0.003.</summary>
    [Id(14), Range(1e-8, 10.0)]
    public double LearningRate { get; init; } = 3e-3;

    /// <summary>Temperature of the distillation loss. Default: 1, the proposal's.</summary>
    [Id(15), Range(0.01, 100.0)]
    public double Temperature { get; init; } = 1;

    /// <summary>Whether images are mirrored and shifted at random. Default: true.</summary>
    [Id(16)]
    public bool Augment { get; init; } = true;

    /// <summary>Seed of everything random. Default: 1.</summary>
    [Id(17), Range(0, int.MaxValue)]
    public int Seed { get; init; } = 1;

    /// <summary>Passes over all images when the gate network, or the surrogate of a TorchScript program, is distilled. Default: 8.</summary>
    [Id(18), Range(0, 10_000)]
    public int GateEpochs { get; init; } = 8;

    /// <summary>How classes are shared out where <see cref="ClassGroups"/> does not say, one of <see cref="GroupingNames"/>. Default: similarity.</summary>
    [Id(19)]
    public string Grouping { get; init; } = GroupingNames.Similarity;

    /// <summary>What the gate network's logits count beside an expert's when the library is evaluated. Default: 0.5.</summary>
    [Id(20), Range(0.0, 100.0)]
    public double GateVote { get; init; } = 0.5;
}
