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
