namespace Dmkd.Core.Routing;

/// <summary>
/// One affine pair per expert, fitted on exemplars by the cross-entropy of the softmax over all experts' class scores together (CLOM,
/// Kim et al. 2022; fitted there by gradient descent). Levels and scales of heads that never met are made comparable so.
/// </summary>
/// <remarks>
/// The loss is convex in the pairs, so it is minimised by Newton's method; a small pull towards (1, 0) settles what the data leave open (all
/// shifts together) and keeps separable exemplars from infinite scales. Verified by recovering known pairs.
/// </remarks>
public static class AffineCalibration
{
    /// <summary>Weight of the pull towards (1, 0).</summary>
    private const double Pull = 1e-4;

    /// <summary>Least scale: an expert's classes keep their order.</summary>
    private const double LeastScale = 1e-2;

    private const int MostSteps = 50;
    private const int MostHalvings = 30;

    /// <summary>Fits the pairs.</summary>
    /// <param name="experts">The experts with their class scores of the exemplars, at least one. No class belongs to two of them.</param>
    /// <param name="labels">Class index of each exemplar, at least one; known to one of the experts.</param>
    /// <returns>One pair per expert.</returns>
    /// <exception cref="ArgumentException">There is no exemplar, or no expert knows its class.</exception>
    public static AffinePair[] Fit(IReadOnlyList<ExpertView> experts, IReadOnlyList<int> labels)
    {
        ArgumentNullException.ThrowIfNull(experts);
        ArgumentNullException.ThrowIfNull(labels);
        if (labels.Count == 0) throw new ArgumentException("A calibration needs at least one exemplar.", nameof(labels));
        var problem = new AffineProblem(experts, labels, Pull);
        double[] pairs = [.. experts.SelectMany(_ => (double[])[1, 0])];
        double loss = problem.Loss(pairs);
        for (int step = 0; step < MostSteps && TryStep(problem, ref pairs, ref loss); step++)
        {
        }

        return [.. pairs.Chunk(2).Select(pair => new AffinePair(pair[0], pair[1]))];
    }

    /// <summary>Takes Newton's step, or as much of it as lowers the loss.</summary>
    private static bool TryStep(AffineProblem problem, ref double[] pairs, ref double loss)
    {
        var (gradient, curvature) = problem.Derivatives(pairs);
        double[] direction = CholeskySolver.Solve(curvature, gradient);
        for (int halving = 0; halving < MostHalvings; halving++)
        {
            double length = Math.ScaleB(1, -halving);
            double[] next = [.. pairs.Select((value, i) => i % 2 == 0 ? Math.Max(LeastScale, value - length * direction[i]) : value - length * direction[i])];
            double lower = problem.Loss(next);
            if (lower >= loss) continue;
            (pairs, loss) = (next, lower);
            return true;
        }

        return false;
    }
}
