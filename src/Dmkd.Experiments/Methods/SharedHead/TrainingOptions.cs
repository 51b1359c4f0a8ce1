using Dmkd.Core.Training;

namespace Dmkd.Experiments.Methods.SharedHead;

/// <summary>How a baseline steps its weights. Batches, passes and augmentation are the run's, the same for all methods.</summary>
/// <param name="LearningRate">Learning rate of a task's first round; it falls by a cosine over the task's rounds.</param>
public sealed record TrainingOptions(double LearningRate)
{
    /// <summary>Weight decay of the experts, which is that of every baseline unless it is told otherwise.</summary>
    public const double UsualWeightDecay = 5e-4;

    /// <summary>How weights are stepped. Default: SGD without momentum, as published for most.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.Sgd;

    /// <summary>Weight decay, decoupled for AdamW. Default: 0.0005.</summary>
    public double WeightDecay { get; init; } = UsualWeightDecay;

    /// <summary>Reads <c>learning-rate</c>, <c>optimizer</c> (sgd or adamw) and <c>weight-decay</c>.</summary>
    /// <param name="parameters">Where they are.</param>
    /// <param name="learningRate">The method's own learning rate.</param>
    /// <exception cref="MethodParameterException">One is out of its range.</exception>
    public static TrainingOptions Read(MethodParameters parameters, double learningRate)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return new TrainingOptions(parameters.Number("learning-rate", learningRate, 1e-8, 10))
        {
            Optimizer = parameters.OneOf("optimizer", "sgd", ["sgd", "adamw"]) == "sgd" ? OptimizerKind.Sgd : OptimizerKind.AdamW,
            WeightDecay = parameters.Number("weight-decay", UsualWeightDecay, 0, 1),
        };
    }
}
