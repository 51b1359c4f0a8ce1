using System.Globalization;
using Dmkd.Experiments.Reports;
using Spectre.Console;
using static Dmkd.Client.Rendering.Figures;

namespace Dmkd.Client.Rendering;

/// <summary>The tables of an experiment.</summary>
internal static class ExperimentTables
{
    /// <summary>One table per data set.</summary>
    public static void WriteSummary(IAnsiConsole console, string name, IReadOnlyList<MethodSummary> summary)
    {
        foreach (var dataset in summary.GroupBy(method => method.Dataset))
        {
            var table = new Table()
                .Title($"{Markup.Escape(name)}: {Markup.Escape(dataset.Key)}")
                .Caption(
                    "Mean ± standard deviation over n seeds. p: paired t-test of the class-incremental accuracy "
                        + "against the reference."
                );
            table.AddColumn("method");
            foreach (string column in new[] { "n", "class-incremental", "task-incremental", "forgetting", "p" })
                table.AddColumn(new TableColumn(column).RightAligned());
            foreach (var method in dataset)
            {
                table.AddRow(
                    Markup.Escape(method.Label),
                    Count(method.Seeds.Count),
                    Spread(method, "finalAccuracy"),
                    Spread(method, "taskIncrementalAccuracy"),
                    Spread(method, "forgetting"),
                    ProbabilityOf(method.AgainstReference?.PValue)
                );
            }

            console.Write(table);
        }
    }

    /// <summary>What a report found, and where it is.</summary>
    public static void WriteReport(IAnsiConsole console, ReportDocument document)
    {
        WriteSummary(console, document.Name, document.Summary);
        if (document.Missing > 0)
            console.MarkupLineInterpolated(
                CultureInfo.InvariantCulture,
                $"Not complete: {document.Missing} results are missing, {document.Failed.Count} of them failed."
            );
        foreach (var failure in document.Failed)
            console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"failed: {failure.Cell}: {failure.Error}");
        foreach (string file in document.Files)
            console.Profile.Out.Writer.WriteLine(file); // whole, to be clicked or copied
    }

    private static string ProbabilityOf(double? p) =>
        p switch
        {
            null => "-",
            < 0.001 => "< 0.001",
            { } value => value.ToString("F3", CultureInfo.InvariantCulture),
        };

    private static string Spread(MethodSummary method, string measure)
    {
        var summary = method.Measures[measure];
        return summary.Deviation is { } deviation
            ? $"{Percent(summary.Mean)} ± {Percent(deviation)}"
            : Percent(summary.Mean);
    }
}
