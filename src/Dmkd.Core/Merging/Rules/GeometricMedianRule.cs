namespace Dmkd.Core.Merging.Rules;

/// <summary>
/// The geometric median (RFA, Pillutla et al. 2022): the point with the least sum of distances to the updates. Fewer
/// than half of the nodes cannot send it away, however long their updates are, and all coordinates are moved together.
/// </summary>
/// <remarks>
/// <para>Found by Weiszfeld's iteration from the plain mean: each step is the mean weighted by one over the distance to
/// the last point, and all points are weighted sums of the updates. So distances between updates are enough, the rule
/// is linear, and merged updates go down compressed.</para>
/// <para>Differs from the paper: sample counts have no say, since nodes claim them; of one or two updates it is the
/// plain mean, since every point between two is a median.</para>
/// <para>Distances are over trained weights; running statistics get the same weights and are clipped by their own
/// length.</para>
/// </remarks>
[Named("geometric-median", "the point with the least sum of distances to the updates (RFA)", Order = 8)]
public sealed class GeometricMedianRule : LinearMergeRule
{
    private const int Steps = 60; // honest updates converge in ten; three of ten a thousand times as long in thirty
    private const double Smoothing = 1e-6; // of the median length: a point that is an update has a finite weight

    /// <inheritdoc/>
    public override string Name => "geometric-median";

    /// <inheritdoc/>
    protected override LinearWeights WeighChecked(UpdateGeometry geometry, IReadOnlyList<double> sampleCounts)
    {
        double[] weights = [.. Enumerable.Repeat(1.0, geometry.Count)];
        double[] lengths = [.. geometry.Norms.Select(norm => norm.Trained)];
        int wrong = Array.FindIndex(lengths, length => !double.IsFinite(length));
        if (wrong >= 0)
            throw new ArgumentException(
                $"The norm of delta {wrong} must be finite; it is {lengths[wrong]}.",
                nameof(geometry)
            );
        double least = Smoothing * LowerMedian.Of(lengths);
        int steps = weights.Length > 2 ? Steps : 0;
        for (int step = 0; step < steps; step++)
            weights = OneOver(DistancesTo(weights, geometry), least);
        double[] statistics = [.. geometry.Norms.Select(norm => norm.Statistics)];
        return new LinearWeights(weights, ClippedMeanRule.Clip(statistics, weights, 1), weights.Sum());
    }

    /// <summary>Distances of the updates to their weighted mean <c>v</c>, out of those to one another: <c>||x_i - v||²
    /// = Σ_j w_j d_ij² - ½ Σ_jk w_j w_k d_jk²</c>.</summary>
    private static double[] DistancesTo(double[] weights, UpdateGeometry geometry)
    {
        int count = weights.Length;
        double total = weights.Sum();
        double[] squares = new double[count];
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < count; j++)
                squares[i] += weights[j] / total * geometry.SquaredDistance(i, j);
        }

        double spread = squares.Select((square, i) => weights[i] / total * square).Sum() / 2;
        return [.. squares.Select(square => Math.Sqrt(Math.Max(0, square - spread)))];
    }

    /// <summary>Weights of one over a distance, the nearest update's being 1: of equal updates the mean is exact.</summary>
    private static double[] OneOver(double[] distances, double least)
    {
        double nearest = Math.Max(distances.Min(), least);
        return [.. distances.Select(distance => distance <= nearest ? 1 : nearest / distance)];
    }
}
