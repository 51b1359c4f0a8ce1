namespace Dmkd.Grains.Runs;

/// <summary>What an evaluation after a task found. Rates are in [0, 1].</summary>
/// <param name="ClassIncremental">Accuracy on each task seen, choosing among all classes seen.</param>
/// <param name="TaskIncremental">The same, choosing among the task's own classes.</param>
/// <param name="MacroF1">Macro-F1 over the classes seen, class-incremental.</param>
/// <param name="TaskDetectionRate">Share of images whose most probable expert is their task's.</param>
/// <param name="DeviceSeconds">Device time, in seconds.</param>
internal sealed record EvaluationResult(
    double[] ClassIncremental, double[] TaskIncremental, double MacroF1, double TaskDetectionRate, double DeviceSeconds);
