using System.Globalization;

namespace Dmkd.Experiments.Reports.Html;

/// <summary>Numbers as the report shows them.</summary>
internal static class Numbers
{
    /// <summary>A mean, and its standard deviation when there is one.</summary>
    public static string MeanAndDeviation(SampleSummary summary, Func<double, string> text) =>
        summary.Deviation is { } deviation ? $"{text(summary.Mean)} ± {text(deviation)}" : text(summary.Mean);

    /// <summary>A probability.</summary>
    public static string Probability(double? value) => value switch
    {
        null => "-",
        < 0.001 => "< 0.001",
        { } p => p.ToString("F3", CultureInfo.InvariantCulture),
    };

    /// <summary>A difference of shares in percentage points, with its sign.</summary>
    public static string Points(double share) => (100 * share).ToString("+0.0;−0.0;0.0", CultureInfo.InvariantCulture);
}
