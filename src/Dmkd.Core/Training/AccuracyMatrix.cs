namespace Dmkd.Core.Training;

/// <summary>
/// The accuracies <c>A[t,i]</c> on task i after learning task t, for i up to t, and the measures of continual learning
/// drawn from them (proposal 3.5). Tasks count from 0; T is their number, so row T-1 is the state after the last task.
/// </summary>
public sealed class AccuracyMatrix
{
    private readonly double[][] _rows;

    /// <summary>Starts with no accuracy recorded.</summary>
    /// <param name="tasks">Number of tasks, T, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 1 task.</exception>
    public AccuracyMatrix(int tasks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tasks, 1);
        _rows = [.. Enumerable.Range(1, tasks).Select(length => Enumerable.Repeat(double.NaN, length).ToArray())];
    }

    /// <summary>Number of tasks, T.</summary>
    public int Tasks => _rows.Length;

    /// <summary>
    /// A copy of the accuracies: row t has the entries for tasks 0 to t; NaN where nothing was recorded.
    /// </summary>
    public double[][] Rows => [.. _rows.Select(row => (double[])row.Clone())];

    /// <summary>
    /// Mean over tasks after the last one, <c>1/T Σ_i A[T-1,i]</c>; every task counts the same, whatever its size.
    /// </summary>
    /// <exception cref="InvalidOperationException">An accuracy that it needs was not recorded; so for all
    /// measures.</exception>
    public double FinalAverage => Enumerable.Range(0, Tasks).Average(task => At(Tasks - 1, task));

    /// <summary>
    /// Backward transfer, <c>1/(T-1) Σ_{i&lt;T-1} (A[T-1,i] - A[i,i])</c>: what later tasks did to earlier ones. Below
    /// 0 when they harm. 0 for a single task.
    /// </summary>
    public double BackwardTransfer => MeanOverEarlier(task => At(Tasks - 1, task) - At(task, task));

    /// <summary>
    /// Forgetting, <c>1/(T-1) Σ_{i&lt;T-1} (max_t A[t,i] - A[T-1,i])</c>, the field's reading of the proposal's
    /// formula: the drop from the best moment of each task, the last one included, so never below 0. 0 for a single
    /// task.
    /// </summary>
    public double Forgetting => MeanOverEarlier(task => Best(task) - At(Tasks - 1, task));

    /// <summary>Records <c>A[t,i]</c>; a repeat replaces.</summary>
    /// <param name="afterTask">Last task learned, t, in [0, T-1].</param>
    /// <param name="onTask">Task tested, i, in [0, t].</param>
    /// <param name="accuracy">Share of right answers, in [0, 1].</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public void Record(int afterTask, int onTask, double accuracy)
    {
        CheckIndices(afterTask, onTask);
        if (accuracy is not (>= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(accuracy), accuracy, "accuracy must be in [0, 1].");
        _rows[afterTask][onTask] = accuracy;
    }

    /// <summary>
    /// Accuracy over all test inputs after the last task, <c>Σ_i n_i A[T-1,i] / Σ_i n_i</c>: for tasks of unequal size.
    /// </summary>
    /// <param name="testCounts">Test inputs of each task, <c>n_i</c>: T numbers, not negative and not all 0.</param>
    /// <exception cref="ArgumentException">The counts are not as described.</exception>
    public double WeightedFinal(IReadOnlyList<int> testCounts)
    {
        ArgumentNullException.ThrowIfNull(testCounts);
        long total = testCounts.Sum(count => (long)count);
        if (testCounts.Count != Tasks || testCounts.Any(count => count < 0) || total == 0)
            throw new ArgumentException(
                $"testCounts must be {Tasks} numbers, not negative and not all 0; they are [{string.Join(", ", testCounts)}].",
                nameof(testCounts)
            );
        return testCounts.Select((count, task) => count * At(Tasks - 1, task)).Sum() / total;
    }

    private double MeanOverEarlier(Func<int, double> term) =>
        Tasks == 1 ? 0 : Enumerable.Range(0, Tasks - 1).Average(term);

    private double Best(int onTask) => Enumerable.Range(onTask, Tasks - onTask).Max(after => At(after, onTask));

    private double At(int afterTask, int onTask)
    {
        double accuracy = _rows[afterTask][onTask];
        return double.IsNaN(accuracy)
            ? throw new InvalidOperationException(
                $"The accuracy on task {onTask} after task {afterTask} was not recorded."
            )
            : accuracy;
    }

    private void CheckIndices(int afterTask, int onTask)
    {
        if (afterTask < 0 || afterTask >= Tasks)
            throw new ArgumentOutOfRangeException(
                nameof(afterTask),
                afterTask,
                $"afterTask must be in [0, {Tasks - 1}]."
            );
        if (onTask < 0 || onTask > afterTask)
            throw new ArgumentOutOfRangeException(
                nameof(onTask),
                onTask,
                $"onTask must be in [0, {afterTask}] after task {afterTask}."
            );
    }
}
