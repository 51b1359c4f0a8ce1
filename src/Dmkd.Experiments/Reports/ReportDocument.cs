using System.Text;
using Dmkd.Experiments.Protocol;

namespace Dmkd.Experiments.Reports;

/// <summary>The document that <c>experiment report --json</c> prints. Field names are stable.</summary>
public sealed record ReportDocument
{
    /// <summary>The experiment.</summary>
    public required string Name { get; init; }

    /// <summary>The folder of results.</summary>
    public required string Folder { get; init; }

    /// <summary>The files that were written.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Finished places of the experiment.</summary>
    public required int Rows { get; init; }

    /// <summary>Places that are not finished.</summary>
    public required int Missing { get; init; }

    /// <summary>Cells that failed, with their reasons.</summary>
    public required IReadOnlyList<FailedCell> Failed { get; init; }

    /// <summary>One summary per data set and method.</summary>
    public required IReadOnlyList<MethodSummary> Summary { get; init; }

    /// <summary>The document of some results.</summary>
    public static ReportDocument Of(ExperimentResults results, string folder, IReadOnlyList<string> files)
    {
        ArgumentNullException.ThrowIfNull(results);
        return new ReportDocument
        {
            Name = results.Manifest.Name,
            Folder = folder,
            Files = files,
            Rows = results.Rows.Count,
            Missing = results.Missing,
            Failed = [.. results.Failures.Select(failure => new FailedCell(failure.Cell, failure.Error))],
            Summary =
            [
                .. from dataset in results.Manifest.Datasets
                from label in results.LabelsOf(dataset)
                select MethodSummary.Of(results, dataset, label),
            ],
        };
    }
}

/// <summary>The ablations of a data set: one chart per method and parameter.</summary>
internal static class AblationSection
{
    /// <summary>Writes it; nothing without ablations.</summary>
    public static string Write(ExperimentResults results, string dataset)
    {
        var varied = results
            .Manifest.Entries.Where(place =>
                place.Stage is CellStage.Measure && place.Dataset == dataset && place.Parameter is not null
            )
            .GroupBy(place => (place.Label, Parameter: place.Parameter!))
            .Select(group =>
                (group.Key.Label, group.Key.Parameter, Values: group.Select(place => place.Value!).Distinct().ToArray())
            )
            .Where(one => one.Values.Any(value => results.RowsOf(dataset, one.Label, one.Parameter, value).Count > 0))
            .ToArray();
        if (varied.Length == 0)
            return "";
        var page = new StringBuilder(
            "<h3>Ablations</h3>\n<p class=\"note\">One parameter at a time; values are evenly spaced, "
                + "whatever their distance. Bars: standard deviation over seeds.</p>\n<div class=\"charts\">\n"
        );
        foreach (var (label, parameter, values) in varied)
            page.Append(
                DatasetSection.Figure(
                    $"{parameter} of {label}",
                    null,
                    Chart(results, dataset, label, parameter, values)
                )
            );
        return page.Append("</div>\n").ToString();
    }

    private static string Chart(
        ExperimentResults results,
        string dataset,
        string label,
        string parameter,
        string[] values
    )
    {
        Measure[] measures = [Measure.ClassIncremental, Measure.TaskIncremental];
        var series = measures.Select((measure, style) => new Series(measure.Title, style, Points(measure))).ToArray();
        return LineChart.Draw($"Accuracy at the end by {parameter} of {label}, {dataset}", parameter, values, series);

        SampleSummary?[] Points(Measure measure) =>
            [
                .. values.Select(value =>
                    results.RowsOf(dataset, label, parameter, value) is { Count: > 0 } rows
                        ? ExperimentResults.Summarise(rows, measure)
                        : null
                ),
            ];
    }
}
