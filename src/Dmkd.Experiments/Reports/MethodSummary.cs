namespace Dmkd.Experiments.Reports;

/// <summary>A method on a data set over its seeds.</summary>
/// <param name="Dataset">The data set.</param>
/// <param name="Label">The method.</param>
/// <param name="Seeds">Seeds that are finished.</param>
/// <param name="Measures">Mean and spread by field name.</param>
/// <param name="AgainstReference">Paired test of the class-incremental accuracy against the reference; null for the reference itself.</param>
public sealed record MethodSummary(
    string Dataset, string Label, IReadOnlyList<int> Seeds, IReadOnlyDictionary<string, SampleSummary> Measures, PairedTest? AgainstReference)
{
    internal static MethodSummary Of(ExperimentResults results, string dataset, string label)
    {
        var rows = results.RowsOf(dataset, label);
        return new MethodSummary(
            dataset, label, [.. rows.Select(row => row.Place.Seed)],
            Measure.Quality.Concat(Measure.Cost).ToDictionary(measure => measure.Name, measure => ExperimentResults.Summarise(rows, measure)),
            results.AgainstReference(dataset, label, Measure.ClassIncremental));
    }
}
