namespace Dmkd.Experiments.Methods.SharedHead;

/// <summary>What is measured after a task. All in [0, 1].</summary>
/// <param name="ClassIncremental">Accuracy on each task so far, the task unknown.</param>
/// <param name="TaskIncremental">The same with the task known.</param>
/// <param name="MacroF1">Over the classes so far, the task unknown.</param>
/// <param name="TaskDetectionRate">Share of the images answered with a class of the right task.</param>
internal sealed record TaskScores(double[] ClassIncremental, double[] TaskIncremental, double MacroF1, double TaskDetectionRate)
{
    /// <summary>The mean over several models.</summary>
    /// <param name="scores">At least one, of the same number of tasks.</param>
    public static TaskScores Mean(IReadOnlyList<TaskScores> scores) => new(
        [.. scores[0].ClassIncremental.Select((_, task) => scores.Average(one => one.ClassIncremental[task]))],
        [.. scores[0].TaskIncremental.Select((_, task) => scores.Average(one => one.TaskIncremental[task]))],
        scores.Average(one => one.MacroF1),
        scores.Average(one => one.TaskDetectionRate));
}
