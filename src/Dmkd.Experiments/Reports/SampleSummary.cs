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
        return new SampleSummary(values.Count, mean, values.Count < 2 ? null : Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1)));
    }
}
