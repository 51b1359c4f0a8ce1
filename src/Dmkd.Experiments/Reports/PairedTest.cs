using MathNet.Numerics.Distributions;

namespace Dmkd.Experiments.Reports;

/// <summary>Student's paired t-test, two-sided: whether two methods differ beyond chance, seed by seed. Says little for few seeds.</summary>
/// <param name="Pairs">Seeds that both have, n.</param>
/// <param name="MeanDifference">Mean of the differences, one minus other.</param>
/// <param name="PValue">Chance of a difference at least as large between equals; null when it cannot be told: one pair, or differences that are all the same.</param>
public sealed record PairedTest(int Pairs, double MeanDifference, double? PValue)
{
    // Differences that are equal by arithmetic differ by a rounding error or two.
    private const double SmallestDeviation = 1e-12;

    /// <summary>Compares.</summary>
    /// <param name="one">Values by pair.</param>
    /// <param name="other">Values by pair, as many.</param>
    /// <returns>The test, or null without pairs.</returns>
    /// <exception cref="ArgumentException">There are not as many of both.</exception>
    public static PairedTest? Of(IReadOnlyList<double> one, IReadOnlyList<double> other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        if (one.Count != other.Count) throw new ArgumentException($"There must be as many values of both; there are {one.Count} and {other.Count}.", nameof(other));
        if (one.Count == 0) return null;
        var differences = SampleSummary.Of([.. one.Zip(other, (a, b) => a - b)]);
        return new PairedTest(one.Count, differences.Mean, PValueOf(differences));
    }

    private static double? PValueOf(SampleSummary differences)
    {
        if (differences.Deviation is not { } deviation || deviation < SmallestDeviation) return null;
        double t = differences.Mean / (deviation / Math.Sqrt(differences.Count));
        return 2 * StudentT.CDF(0, 1, differences.Count - 1, -Math.Abs(t));
    }
}
