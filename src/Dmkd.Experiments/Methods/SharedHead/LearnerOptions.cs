using Dmkd.Core.Training;

namespace Dmkd.Experiments.Methods.SharedHead;

/// <summary>How a baseline steps its weights. Batches, passes, rounds and augmentation are the run's, the same for all methods.</summary>
public static class LearnerOptions
{
    /// <summary>The learning rate published for plain SGD (Buzzega et al. 2020), which baselines without one of their own take.</summary>
    public const double UsualLearningRate = 0.1;

    /// <summary>Weight decay of the experts, which is that of every baseline unless it is told otherwise.</summary>
    public const double UsualWeightDecay = 5e-4;

    /// <summary>SGD without momentum, as published for most.</summary>
    /// <param name="learningRate">Learning rate of a task's first round; it falls by a cosine over the task's rounds.</param>
    public static TrainingOptions Sgd(double learningRate) => new()
    {
        Optimizer = OptimizerKind.Sgd,
        LearningRate = learningRate,
        WeightDecay = UsualWeightDecay,
    };

    /// <summary>Reads <c>learning-rate</c>, <c>optimizer</c> (sgd or adamw) and <c>weight-decay</c>.</summary>
    /// <param name="parameters">Where they are.</param>
    /// <param name="learningRate">The method's own learning rate.</param>
    /// <exception cref="MethodParameterException">One is out of its range.</exception>
    public static TrainingOptions Read(MethodParameters parameters, double learningRate)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        bool isSgd = parameters.OneOf("optimizer", "sgd", ["sgd", "adamw"]) == "sgd";
        return new TrainingOptions
        {
            LearningRate = parameters.Number("learning-rate", learningRate, 1e-8, 10),
            Optimizer = isSgd ? OptimizerKind.Sgd : OptimizerKind.AdamW,
            WeightDecay = parameters.Number("weight-decay", UsualWeightDecay, 0, 1),
        };
    }
}
