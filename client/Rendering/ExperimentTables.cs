using System.Globalization;
using Dmkd.Experiments.Plans;
using Dmkd.Experiments.Protocol;
using Dmkd.Experiments.Reports;
using Spectre.Console;
using static Dmkd.Client.Rendering.Figures;

namespace Dmkd.Client.Rendering;

/// <summary>The document that <c>experiment run --json</c> prints.</summary>
/// <param name="Name">The experiment.</param>
/// <param name="Folder">The folder of results.</param>
/// <param name="Cells">Its cells.</param>
/// <param name="Reused">Those that were finished before.</param>
/// <param name="Failed">Those that failed, with their reasons.</param>
/// <param name="Chosen">What was chosen on held-out images.</param>
/// <param name="Reference">Method that the others are compared with.</param>
/// <param name="Summary">One summary per data set and method.</param>
internal sealed record ExperimentDocument(
    string Name,
    string Folder,
    int Cells,
    int Reused,
    IReadOnlyList<FailedCell> Failed,
    IReadOnlyList<ChosenParameters> Chosen,
    string Reference,
    IReadOnlyList<MethodSummary> Summary
)
{
    public static ExperimentDocument Of(
        ExperimentPlan plan,
        string folder,
        ExperimentOutcome outcome,
        ExperimentResults results
    ) =>
        new(
            plan.Name,
            folder,
            outcome.Cells,
            outcome.Reused,
            [.. outcome.Failures.Select(failure => new FailedCell(failure.Cell, failure.Error))],
            outcome.Chosen,
            plan.Reference,
            ReportDocument.Of(results, folder, []).Summary
        );
}

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
