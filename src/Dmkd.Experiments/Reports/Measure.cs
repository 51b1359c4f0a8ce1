using System.Globalization;
using Dmkd.Experiments.Protocol;
using MathNet.Numerics.Distributions;

namespace Dmkd.Experiments.Reports;

/// <summary>A number that every finished cell has.</summary>
/// <param name="Name">Its field in documents.</param>
/// <param name="Title">Its name in tables.</param>
/// <param name="Of">Takes it from a document.</param>
/// <param name="Text">Writes it for a person.</param>
internal sealed record Measure(string Name, string Title, Func<CellDocument, double> Of, Func<double, string> Text)
{
    /// <summary>Class-incremental accuracy at the end.</summary>
    public static Measure ClassIncremental { get; } =
        new("finalAccuracy", "class-incremental", cell => cell.FinalAccuracy, Percent);

    /// <summary>Task-incremental accuracy at the end.</summary>
    public static Measure TaskIncremental { get; } =
        new("taskIncrementalAccuracy", "task-incremental", cell => cell.TaskIncrementalAccuracy, Percent);

    /// <summary>Forgetting.</summary>
    public static Measure Forgetting { get; } = new("forgetting", "forgetting", cell => cell.Forgetting, Percent);

    /// <summary>Bytes in both directions.</summary>
    public static Measure Bytes { get; } =
        new("bytes", "bytes sent and fetched", cell => cell.BytesUp + cell.BytesDown, Unit("B"));

    /// <summary>Multiply-adds per input.</summary>
    public static Measure MultiplyAdds { get; } =
        new("macsPerInput", "multiply-adds per input", cell => cell.MacsPerInput, Unit(""));

    /// <summary>What a method is good for.</summary>
    public static IReadOnlyList<Measure> Quality { get; } =
    [
        ClassIncremental,
        TaskIncremental,
        new("macroF1", "macro-F1", cell => cell.MacroF1, value => value.ToString("F3", CultureInfo.InvariantCulture)),
        Forgetting,
        new("taskDetectionRate", "right task", cell => cell.TaskDetectionRate, Percent),
    ];

    /// <summary>What it costs.</summary>
    public static IReadOnlyList<Measure> Cost { get; } =
    [
        new("bytesUp", "sent", cell => cell.BytesUp, Unit("B")),
        new("bytesDown", "fetched", cell => cell.BytesDown, Unit("B")),
        new("denseBytes", "sent, as dense fp32", cell => cell.DenseBytes, Unit("B")),
        new("parameters", "parameters", cell => cell.Parameters, Unit("")),
        MultiplyAdds,
        new(
            "exemplars",
            "exemplars",
            cell => cell.Exemplars,
            value => value.ToString("N0", CultureInfo.InvariantCulture)
        ),
        new("deviceSeconds", "device time", cell => cell.DeviceSeconds, Unit("s")),
        new("wallSeconds", "wall time", cell => cell.WallSeconds, Unit("s")),
        new("energyWattHours", "energy, estimated", cell => cell.EnergyWattHours, Unit("Wh")),
    ];

    /// <summary>A share in percent, without the sign.</summary>
    public static string Percent(double share) => (100 * share).ToString("F1", CultureInfo.InvariantCulture);

    /// <summary>A number with the prefix that keeps it short, such as 12.3 MB.</summary>
    public static Func<double, string> Unit(string unit) => value => WithPrefix(value, unit);

    private static string WithPrefix(double value, string unit)
    {
        (double size, string prefix) = Math.Abs(value) switch
        {
            >= 1e12 => (1e12, "T"),
            >= 1e9 => (1e9, "G"),
            >= 1e6 => (1e6, "M"),
            >= 1e3 => (1e3, "k"),
            _ => (1, ""),
        };
        double scaled = value / size;
        return $"{scaled.ToString(DigitsOf(scaled), CultureInfo.InvariantCulture)} {prefix}{unit}".TrimEnd();
    }

    private static string DigitsOf(double scaled)
    {
        if (scaled >= 100 || scaled == Math.Round(scaled))
            return "F0";
        return scaled >= 10 ? "F1" : "F2";
    }
}

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
