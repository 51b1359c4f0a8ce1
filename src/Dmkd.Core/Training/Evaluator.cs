namespace Dmkd.Core.Training;

/// <summary>
/// Counts answers to test inputs of tasks learned one after the other (proposal 3.5), whoever gave them: an expert
/// library's router or a single model.
/// </summary>
/// <param name="tasks">Tasks learned so far, at least 1.</param>
/// <param name="classes">Number of classes.</param>
public sealed class Evaluator(int tasks, int classes)
{
    private readonly ConfusionMatrix _confusion = new(classes);
    private readonly long[] _counts = new long[tasks];
    private readonly long[] _classRight = new long[tasks];
    private readonly long[] _taskRight = new long[tasks];
    private long _detected;

    /// <summary>What was measured. Every task must have had an answer.</summary>
    public EvaluationScores Scores =>
        new(
            [.. _classRight.Zip(_counts, Share)],
            [.. _taskRight.Zip(_counts, Share)],
            _confusion.MacroF1,
            (double)_detected / _confusion.Total
        );

    /// <summary>Counts one answer.</summary>
    /// <param name="task">The input's task, in [0, tasks).</param>
    /// <param name="answer">The answer.</param>
    public void Add(int task, TestAnswer answer)
    {
        _confusion.Add(answer.Label, answer.Predicted);
        _counts[task]++;
        if (answer.Predicted == answer.Label)
            _classRight[task]++;
        if (answer.PredictedInTask == answer.Label)
            _taskRight[task]++;
        if (answer.FindsTask)
            _detected++;
    }

    private static double Share(long right, long all) => (double)right / all;
}

/// <summary>An answer to a test input.</summary>
/// <param name="Label">Its class.</param>
/// <param name="Predicted">The answer among all classes seen; <see cref="ConfusionMatrix.NoPrediction"/> for
/// none.</param>
/// <param name="PredictedInTask">The answer among the classes of its task.</param>
/// <param name="FindsTask">Whether the first answer came from its task: from its expert, or as one of its
/// classes.</param>
public readonly record struct TestAnswer(int Label, int Predicted, int PredictedInTask, bool FindsTask);

/// <summary>What is measured after a task. All in [0, 1].</summary>
/// <param name="ClassIncremental">Accuracy on each task so far, the task unknown.</param>
/// <param name="TaskIncremental">The same with the task known.</param>
/// <param name="MacroF1">Over the classes so far, the task unknown.</param>
/// <param name="TaskDetectionRate">Share of the inputs whose answer came from the right task.</param>
public record EvaluationScores(
    double[] ClassIncremental,
    double[] TaskIncremental,
    double MacroF1,
    double TaskDetectionRate
)
{
    /// <summary>The mean over several models.</summary>
    /// <param name="scores">At least one, of the same number of tasks.</param>
    public static EvaluationScores Mean(IReadOnlyList<EvaluationScores> scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        int tasks = scores[0].ClassIncremental.Length;
        double[] classIncremental = new double[tasks],
            taskIncremental = new double[tasks];
        for (int task = 0; task < tasks; task++)
        {
            classIncremental[task] = scores.Average(one => one.ClassIncremental[task]);
            taskIncremental[task] = scores.Average(one => one.TaskIncremental[task]);
        }

        return new EvaluationScores(
            classIncremental,
            taskIncremental,
            scores.Average(one => one.MacroF1),
            scores.Average(one => one.TaskDetectionRate)
        );
    }
}
