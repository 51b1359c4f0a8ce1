using System.ComponentModel.DataAnnotations;
using TorchSharp.Modules;

namespace Dmkd.Core.Training;

/// <summary>How a model is trained.</summary>
public sealed record TrainingOptions
{
    /// <summary>How a student learns soft labels (proposal 3.2.4): Adam at 0.001, without weight decay, five passes.</summary>
    public static TrainingOptions Distillation { get; } = new()
    {
        Epochs = 5,
        Optimizer = OptimizerKind.Adam,
        LearningRate = 1e-3,
        WeightDecay = 0,
        LeavesOutSingle = true,
    };

    /// <summary>
    /// How often all passes are repeated, each time with a new optimizer and a learning rate that falls by a cosine
    /// (<see cref="LearningRateSchedule.Cosine"/>). Default: 1.
    /// </summary>
    [Range(1, 100_000)]
    public int Rounds { get; init; } = 1;

    /// <summary>Passes over the data in a round. Default: 1.</summary>
    [Range(1, 10_000)]
    public int Epochs { get; init; } = 1;

    /// <summary>Examples per step. Default: 64.</summary>
    [Range(1, 65_536)]
    public int BatchSize { get; init; } = 64;

    /// <summary>
    /// Whether a last batch of a single example is left out; else it joins its neighbour. Batch normalisation has nothing to normalise
    /// in a single one. Default: it joins.
    /// </summary>
    public bool LeavesOutSingle { get; init; }

    /// <summary>How weights are stepped. Default: AdamW.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.AdamW;

    /// <summary>The optimizer's learning rate in the first round. Default: 0.002.</summary>
    [Range(1e-8, 10)]
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>Whether the learning rate falls to 0 by half a cosine over the steps of a round. Default: it stays.</summary>
    public bool Anneal { get; init; }

    /// <summary>Weight decay, decoupled for AdamW. Default: 0.0005.</summary>
    [Range(0, 1)]
    public double WeightDecay { get; init; } = 5e-4;

    /// <summary>Weights that are stepped; all of the model's when null. Borrowed. Default: null.</summary>
    public IReadOnlyList<Parameter>? Parameters { get; init; }

    /// <summary>Whether the model stays in evaluation mode, so that batch-norm statistics do not move. Default: it trains.</summary>
    public bool KeepsStatistics { get; init; }
}

/// <summary>How weights are stepped.</summary>
public enum OptimizerKind
{
    /// <summary>Adam with decoupled weight decay.</summary>
    AdamW,

    /// <summary>Plain stochastic gradient descent, without momentum.</summary>
    Sgd,

    /// <summary>Adam; weight decay is part of the gradient.</summary>
    Adam,
}
