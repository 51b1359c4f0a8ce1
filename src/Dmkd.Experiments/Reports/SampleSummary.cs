using MathNet.Numerics.Distributions;

namespace Dmkd.Experiments.Reports;

/// <summary>Mean and spread of a measure over seeds.</summary>
/// <param name="Count">Seeds, n.</param>
/// <param name="Mean">The mean.</param>
/// <param name="Deviation">Sample standard deviation, with n - 1; null for a single seed.</param>
public sealed record SampleSummary(int Count, double Mean, double? Deviation)
{
    /// <summary>Of some values, at least one.</summary>
    public static SampleSummary Of(IReadOnlyCollection<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfLessThan(values.Count, 1);
        double mean = values.Average();
        return new SampleSummary(
            values.Count,
            mean,
            values.Count < 2
                ? null
                : Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1))
        );
    }
}

/// <summary>
/// Student's paired t-test, two-sided: whether two methods differ beyond chance, seed by seed. Says little for few
/// seeds.
/// </summary>
/// <param name="Pairs">Seeds that both have, n.</param>
/// <param name="MeanDifference">Mean of the differences, one minus other.</param>
/// <param name="PValue">Chance of a difference at least as large between equals; null when it cannot be told: one pair,
/// or differences that are all the same.</param>
public sealed record PairedTest(int Pairs, double MeanDifference, double? PValue)
{
    // Differences that are equal by arithmetic differ by a rounding error or two.
    private const double MinDeviation = 1e-12;

    /// <summary>Compares.</summary>
    /// <param name="one">Values by pair.</param>
    /// <param name="other">Values by pair, as many.</param>
    /// <returns>The test, or null without pairs.</returns>
    /// <exception cref="ArgumentException">There are not as many of both.</exception>
    public static PairedTest? Of(IReadOnlyList<double> one, IReadOnlyList<double> other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        if (one.Count != other.Count)
            throw new ArgumentException(
                $"There must be as many values of both; there are {one.Count} and {other.Count}.",
                nameof(other)
            );
        if (one.Count == 0)
            return null;
        var differences = SampleSummary.Of([.. one.Zip(other, (a, b) => a - b)]);
        return new PairedTest(one.Count, differences.Mean, PValueOf(differences));
    }

    private static double? PValueOf(SampleSummary differences)
    {
        if (differences.Deviation is not { } deviation || deviation < MinDeviation)
            return null;
        double t = differences.Mean / (deviation / Math.Sqrt(differences.Count));
        return 2 * StudentT.CDF(0, 1, differences.Count - 1, -Math.Abs(t));
    }
}

/// <summary>A method on a data set over its seeds.</summary>
/// <param name="Dataset">The data set.</param>
/// <param name="Label">The method.</param>
/// <param name="Seeds">Seeds that are finished.</param>
/// <param name="Measures">Mean and spread by field name.</param>
/// <param name="AgainstReference">Paired test of the class-incremental accuracy against the reference; null for the
/// reference itself.</param>
public sealed record MethodSummary(
    string Dataset,
    string Label,
    IReadOnlyList<int> Seeds,
    IReadOnlyDictionary<string, SampleSummary> Measures,
    PairedTest? AgainstReference
)
{
    internal static MethodSummary Of(ExperimentResults results, string dataset, string label)
    {
        var rows = results.RowsOf(dataset, label);
        return new MethodSummary(
            dataset,
            label,
            [.. rows.Select(row => row.Place.Seed)],
            Measure
                .Quality.Concat(Measure.Cost)
                .ToDictionary(measure => measure.Name, measure => ExperimentResults.Summarise(rows, measure)),
            results.AgainstReference(dataset, label, Measure.ClassIncremental)
        );
    }
}
