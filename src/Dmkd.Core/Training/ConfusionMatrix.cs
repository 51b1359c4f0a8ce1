using static TorchSharp.torch;

namespace Dmkd.Core.Training;

/// <summary>Counts answers by actual and predicted class (proposal 3.5).</summary>
public sealed class ConfusionMatrix
{
    /// <summary>
    /// Predicted class of an input that got no answer: an error of its actual class, a false alarm of none.
    /// </summary>
    public const int NoPrediction = -1;

    private readonly long[,] _counts; // the last column counts answers that were not given

    /// <summary>Starts with no answers.</summary>
    /// <param name="classes">Number of classes, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 1 class.</exception>
    public ConfusionMatrix(int classes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 1);
        Classes = classes;
        _counts = new long[classes, classes + 1];
    }

    /// <summary>Number of classes.</summary>
    public int Classes { get; }

    /// <summary>Number of answers added.</summary>
    public long Total { get; private set; }

    /// <summary>Number of answers of one kind.</summary>
    /// <param name="actual">Actual class, in [0, classes - 1].</param>
    /// <param name="predicted">Predicted class, in [0, classes - 1], or <see cref="NoPrediction"/>.</param>
    public long this[int actual, int predicted] => _counts[actual, Column(predicted)];

    /// <summary>Share of right answers, in [0, 1].</summary>
    /// <exception cref="InvalidOperationException">No answer was added.</exception>
    public double Accuracy
    {
        get
        {
            RequireAnswers();
            return (double)Enumerable.Range(0, Classes).Sum(c => _counts[c, c]) / Total;
        }
    }

    /// <summary>
    /// Mean of <c>F1_c = 2 TP_c / (2 TP_c + FP_c + FN_c)</c>, in [0, 1], over the classes with support: at least one
    /// input of that class. A class without inputs has no recall; predicting it still costs the classes whose inputs
    /// were taken.
    /// </summary>
    /// <exception cref="InvalidOperationException">No answer was added.</exception>
    public double MacroF1
    {
        get
        {
            RequireAnswers();
            return Enumerable.Range(0, Classes).Where(c => Support(c) > 0).Average(F1);
        }
    }

    /// <summary>Counts one answer.</summary>
    /// <param name="actual">Actual class, in [0, classes - 1].</param>
    /// <param name="predicted">Predicted class, in [0, classes - 1], or <see cref="NoPrediction"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A class is out of its range.</exception>
    public void Add(int actual, int predicted)
    {
        if (actual < 0 || actual >= Classes)
            throw new ArgumentOutOfRangeException(nameof(actual), actual, $"actual must be in [0, {Classes - 1}].");
        if (predicted < NoPrediction || predicted >= Classes)
            throw new ArgumentOutOfRangeException(
                nameof(predicted),
                predicted,
                $"predicted must be in [0, {Classes - 1}], or -1 for none."
            );
        _counts[actual, Column(predicted)]++;
        Total++;
    }

    private int Column(int predicted) => predicted == NoPrediction ? Classes : predicted;

    private long Support(int actual) => Enumerable.Range(0, Classes + 1).Sum(column => _counts[actual, column]);

    private long PredictedCount(int predicted) => Enumerable.Range(0, Classes).Sum(row => _counts[row, predicted]);

    // 2 TP + FP + FN is support plus predictions: both contain TP.
    private double F1(int c) => 2.0 * _counts[c, c] / (Support(c) + PredictedCount(c));

    private void RequireAnswers()
    {
        if (Total == 0)
            throw new InvalidOperationException("The confusion matrix is empty: no answer was added.");
    }
}

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

/// <summary>
/// How sure an expert is of its answers: the specialization metric <c>H_k</c> (proposal 3.3), low where it knows the
/// data.
/// </summary>
public static class EntropyMetric
{
    /// <summary>Sums the entropies of predictions, in float64, with <c>0 ln 0 = 0</c>.</summary>
    /// <param name="probabilities">Shape [inputs, classes], rows that sum to 1. Borrowed.</param>
    /// <returns>Sum and number of inputs; its mean is <c>H_k</c>.</returns>
    /// <exception cref="ArgumentException">The tensor has another number of axes, or a value that is no
    /// probability.</exception>
    public static EntropySum Sum(Tensor probabilities)
    {
        ArgumentNullException.ThrowIfNull(probabilities);
        if (probabilities.dim() != 2)
            throw new ArgumentException(
                $"probabilities must have 2 axes, [inputs, classes]; they have {probabilities.dim()}.",
                nameof(probabilities)
            );
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        // entr(p) is -p ln p, 0 at 0, and minus infinity below, so a bad value cannot hide in the sum.
        double total = special.entr(probabilities.detach().to(ScalarType.Float64)).sum().item<double>();
        if (!double.IsFinite(total))
            throw new ArgumentException(
                $"probabilities must be in [0, 1]; their entropy is {total}.",
                nameof(probabilities)
            );
        return new EntropySum(total, probabilities.shape[0]);
    }
}

/// <summary>
/// Entropies of an expert's predictions, summed so that batches and nodes can be added up (proposal 3.3).
/// </summary>
/// <param name="Total">Sum over inputs of <c>-Σ_y p(y|x) ln p(y|x)</c>, in nats.</param>
/// <param name="Count">Number of inputs, N.</param>
public readonly record struct EntropySum(double Total, long Count)
{
    /// <summary>The mean, <c>H_k</c>, in [0, ln C] for C classes.</summary>
    /// <exception cref="InvalidOperationException">There are no inputs.</exception>
    public double Mean =>
        Count > 0 ? Total / Count : throw new InvalidOperationException("The mean entropy of no inputs is undefined.");

    /// <summary>Adds the sums of two disjoint sets of inputs.</summary>
    public static EntropySum operator +(EntropySum left, EntropySum right) => left.Add(right);

    /// <summary>Adds the sum of another set of inputs, disjoint from this one.</summary>
    public EntropySum Add(EntropySum other) => new(Total + other.Total, Count + other.Count);
}
