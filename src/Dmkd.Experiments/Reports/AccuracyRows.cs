namespace Dmkd.Experiments.Reports;

/// <summary>Accuracy matrices of one method: row t holds the accuracies on tasks 0 to t after task t.</summary>
/// <param name="ClassIncremental">Without a task id at test.</param>
/// <param name="TaskIncremental">With the task known at test.</param>
public sealed record AccuracyRows(double[][] ClassIncremental, double[][] TaskIncremental);
