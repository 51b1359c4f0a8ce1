using System.ComponentModel.DataAnnotations;

namespace Dmkd.Core.Training;

/// <summary>How a network is trained on one node's data in one round (proposal 3.4.1).</summary>
public sealed record LocalUpdateOptions
{
    /// <summary>Passes over the data. Default: 1.</summary>
    [Range(1, 10_000)]
    public int Epochs { get; init; } = 1;

    /// <summary>Images per step. Default: 64.</summary>
    [Range(1, 65_536)]
    public int BatchSize { get; init; } = 64;

    /// <summary>How weights are stepped. Default: AdamW.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.AdamW;

    /// <summary>The optimizer's learning rate. Default: 0.002.</summary>
    [Range(1e-8, 10)]
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>Weight decay, decoupled for AdamW. Default: 0.0005.</summary>
    [Range(0, 1)]
    public double WeightDecay { get; init; } = 5e-4;

    /// <summary>Weight of the distillation loss, the proposal's λ. Default: 0.</summary>
    [Range(0, 1000)]
    public double DistillationWeight { get; init; }

    /// <summary>Whether labels name class and rotation (<see cref="RotationLabels"/>). Default: true.</summary>
    public bool RotationLabelled { get; init; } = true;

    /// <summary>
    /// Whether a step shows every image in all four rotations, for about three times the time; else a quarter of the batch in each. Only of
    /// rotation-labelled training. Default: false.
    /// </summary>
    public bool AllRotations { get; init; }
}
