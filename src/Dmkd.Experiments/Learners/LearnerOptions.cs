using System.Diagnostics;
using Dmkd.Core.Devices;
using Dmkd.Core.Training;

namespace Dmkd.Experiments.Learners;

/// <summary>
/// How a baseline steps its weights. Batches, passes, rounds and augmentation are the run's, the same for all methods.
/// </summary>
public static class LearnerOptions
{
    /// <summary>
    /// The learning rate published for plain SGD (Buzzega et al. 2020), which baselines without one of their own take.
    /// </summary>
    public const double UsualLearningRate = 0.1;

    /// <summary>Weight decay of the experts, which is that of every baseline unless it is told otherwise.</summary>
    public const double UsualWeightDecay = 5e-4;

    /// <summary>SGD without momentum, as published for most.</summary>
    /// <param name="learningRate">Learning rate of a task's first round; it falls by a cosine over the task's
    /// rounds.</param>
    public static TrainingOptions Sgd(double learningRate) =>
        new()
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

/// <summary>Collects what a baseline measures while it learns.</summary>
/// <param name="method">The method's name.</param>
/// <param name="job">The lane.</param>
/// <param name="parameters">Trainable values.</param>
/// <param name="macsPerInput">Multiply-adds to predict one input.</param>
internal sealed class LearningRecord(string method, DeviceJob job, long parameters, long macsPerInput)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly List<EvaluationScores> _rows = [];

    /// <summary>Adds the measurements after the next task.</summary>
    public void Add(EvaluationScores scores) => _rows.Add(scores);

    /// <summary>Ends the learning.</summary>
    public MethodResult Finish() =>
        new()
        {
            Method = method,
            ClassIncremental = [.. _rows.Select(row => row.ClassIncremental)],
            TaskIncremental = [.. _rows.Select(row => row.TaskIncremental)],
            MacroF1 = _rows[^1].MacroF1,
            TaskDetectionRate = _rows[^1].TaskDetectionRate,
            DeviceSeconds = job.Elapsed.TotalSeconds,
            WallSeconds = _clock.Elapsed.TotalSeconds,
            Parameters = parameters,
            MacsPerInput = macsPerInput,
        };
}
