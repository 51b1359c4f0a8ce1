using Dmkd.Core.Numerics;

namespace Dmkd.Core.Routing;

/// <summary>
/// One affine pair per expert, fitted on exemplars by the cross-entropy of the softmax over all experts' class scores
/// together (CLOM, Kim et al. 2022; fitted there by gradient descent). Levels and scales of heads that never met are
/// made comparable so.
/// </summary>
/// <remarks>
/// The loss is convex in the pairs, so it is minimised by Newton's method; a small pull towards (1, 0) settles what the
/// data leave open (all shifts together) and keeps separable exemplars from infinite scales. Verified by recovering
/// known pairs.
/// </remarks>
public static class AffineCalibration
{
    /// <summary>Weight of the pull towards (1, 0).</summary>
    private const double Pull = 1e-4;

    /// <summary>Least scale: an expert's classes keep their order.</summary>
    private const double MinScale = 1e-2;

    private const int MaxSteps = 50;
    private const int MaxHalvings = 30;

    /// <summary>Fits the pairs.</summary>
    /// <param name="experts">The experts with their class scores of the exemplars, at least one. No class belongs to
    /// two of them.</param>
    /// <param name="labels">Class index of each exemplar, at least one; known to one of the experts.</param>
    /// <returns>One pair per expert.</returns>
    /// <exception cref="ArgumentException">There is no exemplar, or no expert knows its class.</exception>
    public static AffinePair[] Fit(IReadOnlyList<ExpertView> experts, IReadOnlyList<int> labels)
    {
        ArgumentNullException.ThrowIfNull(experts);
        ArgumentNullException.ThrowIfNull(labels);
        if (labels.Count == 0)
            throw new ArgumentException("A calibration needs at least one exemplar.", nameof(labels));
        var problem = new AffineProblem(experts, labels, Pull);
        double[] pairs = [.. experts.SelectMany(_ => (double[])[1, 0])];
        double loss = problem.Loss(pairs);
        for (int step = 0; step < MaxSteps && TryStep(problem, ref pairs, ref loss); step++) { }

        return [.. pairs.Chunk(2).Select(pair => new AffinePair(pair[0], pair[1]))];
    }

    /// <summary>Takes Newton's step, or as much of it as lowers the loss.</summary>
    private static bool TryStep(AffineProblem problem, ref double[] pairs, ref double loss)
    {
        var (gradient, curvature) = problem.Derivatives(pairs);
        double[] direction = CholeskySolver.Solve(curvature, gradient);
        for (int halving = 0; halving < MaxHalvings; halving++)
        {
            double length = Math.ScaleB(1, -halving);
            double[] next =
            [
                .. pairs.Select(
                    (value, i) =>
                        i % 2 == 0 ? Math.Max(MinScale, value - length * direction[i]) : value - length * direction[i]
                ),
            ];
            double lower = problem.Loss(next);
            if (lower >= loss)
                continue;
            (pairs, loss) = (next, lower);
            return true;
        }

        return false;
    }
}

/// <summary>
/// The loss of <see cref="AffineCalibration"/> and its derivatives in the pairs (a_0, b_0, a_1, b_1, …), summed in
/// float64 in the order of the exemplars.
/// </summary>
internal sealed class AffineProblem
{
    private readonly int _experts;
    private readonly double _pull;
    private readonly int[] _expertOf; // per class, over all experts
    private readonly int[] _right; // per exemplar: its class
    private readonly double[] _scores; // [exemplars, classes]

    public AffineProblem(IReadOnlyList<ExpertView> experts, IReadOnlyList<int> labels, double pull)
    {
        _experts = experts.Count;
        _pull = pull;
        _expertOf = [.. experts.SelectMany((expert, k) => expert.Classes.Select(_ => k))];
        int[] classes = [.. experts.SelectMany(expert => expert.Classes)];
        _right = [.. labels.Select(label => Array.IndexOf(classes, label))];
        int unknown = Array.IndexOf(_right, -1);
        if (unknown >= 0)
            throw new ArgumentException(
                $"No expert knows class {labels[unknown]} of exemplar {unknown}.",
                nameof(labels)
            );
        _scores = new double[labels.Count * classes.Length];
        int first = 0;
        foreach (var expert in experts)
        {
            int width = expert.Classes.Count;
            for (int i = 0; i < labels.Count; i++)
            for (int c = 0; c < width; c++)
                _scores[i * classes.Length + first + c] = expert.ClassScores[i * width + c];
            first += width;
        }
    }

    private int Classes => _expertOf.Length;

    /// <summary>Mean cross-entropy plus the pull.</summary>
    public double Loss(double[] pairs)
    {
        double[] logits = new double[Classes];
        double sum = 0;
        for (int i = 0; i < _right.Length; i++)
        {
            LogitsOf(i, pairs, logits);
            sum += Softmax.LogSumExp(logits) - logits[_right[i]];
        }

        double pulled = 0;
        for (int j = 0; j < pairs.Length; j++)
            pulled += Math.Pow(pairs[j] - Rest(j), 2);
        return sum / _right.Length + _pull / 2 * pulled;
    }

    /// <summary>Gradient and matrix of second derivatives.</summary>
    public (double[] Gradient, double[,] Curvature) Derivatives(double[] pairs)
    {
        int size = 2 * _experts;
        double[] gradient = new double[size],
            logits = new double[Classes],
            mean = new double[size];
        double[,] curvature = new double[size, size];
        for (int i = 0; i < _right.Length; i++)
        {
            LogitsOf(i, pairs, logits);
            Softmax.Apply(logits, logits);
            Array.Clear(mean);
            for (int c = 0; c < Classes; c++)
            {
                double score = _scores[i * Classes + c],
                    p = logits[c];
                int a = 2 * _expertOf[c],
                    b = a + 1;
                mean[a] += p * score;
                mean[b] += p;
                curvature[a, a] += p * score * score;
                curvature[a, b] += p * score;
                curvature[b, b] += p;
            }

            for (int row = 0; row < size; row++)
            {
                gradient[row] += mean[row];
                for (int column = row; column < size; column++)
                    curvature[row, column] -= mean[row] * mean[column];
            }

            gradient[2 * _expertOf[_right[i]]] -= _scores[i * Classes + _right[i]];
            gradient[2 * _expertOf[_right[i]] + 1] -= 1;
        }

        for (int row = 0; row < size; row++)
        {
            gradient[row] = gradient[row] / _right.Length + _pull * (pairs[row] - Rest(row));
            for (int column = row; column < size; column++)
                curvature[row, column] = curvature[column, row] =
                    curvature[row, column] / _right.Length + (row == column ? _pull : 0);
        }

        return (gradient, curvature);
    }

    private void LogitsOf(int exemplar, double[] pairs, double[] logits)
    {
        for (int c = 0; c < Classes; c++)
            logits[c] = pairs[2 * _expertOf[c]] * _scores[exemplar * Classes + c] + pairs[2 * _expertOf[c] + 1];
    }

    private static double Rest(int parameter) => parameter % 2 == 0 ? 1 : 0;
}

/// <summary>
/// How the evidence of different experts is made comparable (docs/adr/0018), and which gates take what.
/// </summary>
public static class Calibrations
{
    /// <summary>Scores as they are.</summary>
    [Named(None, "scores as they are", Order = 1)]
    public const string None = "none";

    /// <summary>One affine pair per expert, fitted on exemplars.</summary>
    [Named(Affine, "one affine pair per expert, fitted to exemplars", Order = 2)]
    public const string Affine = "affine";

    /// <summary>
    /// Linear discriminants in every expert's feature space, fitted to moments that the nodes sum up; no exemplars
    /// (docs/adr/0019).
    /// </summary>
    [Named(Discriminant, "linear discriminants, fitted to moments that the nodes sum up; no exemplars", Order = 3)]
    public const string Discriminant = "discriminant";

    /// <summary>All of them.</summary>
    public static Registry Known { get; } = Registry.OfConstants("calibration", typeof(Calibrations));

    /// <summary>What is best without exemplars for a gate, and the default.</summary>
    /// <param name="gate">The gate's name.</param>
    public static string DefaultFor(string gate) => gate == EvidenceGate.GateName ? Discriminant : None;

    /// <summary>What does not go together, with the names of settings in braces.</summary>
    /// <param name="gate">The gate.</param>
    /// <param name="calibration">The calibration.</param>
    /// <param name="exemplars">Training images kept to fit to.</param>
    /// <returns>A sentence; null when they go together.</returns>
    public static string? ProblemOf(string gate, string calibration, int exemplars)
    {
        if (calibration != None && gate != EvidenceGate.GateName)
            return $"{{calibration}} {calibration} is for {{gate}} {EvidenceGate.GateName}, not {gate}.";
        if (exemplars > 0)
            return null;
        bool needsExemplars = GateCatalog.Create(new GateOptions(gate, calibration)).Needs.HasFlag(GateNeeds.Exemplars);
        if (!needsExemplars)
            return null;
        string what = calibration == None ? $"{{gate}} {gate}" : $"{{calibration}} {calibration}";
        return $"{what} is fitted to exemplars: {{exemplars}} must be above 0.";
    }
}
