using System.Globalization;
using System.Text;
using Dmkd.Experiments.Protocol;

namespace Dmkd.Experiments.Reports;

/// <summary>Everything about one data set: tables, curves, matrices, costs and ablations.</summary>
internal static class DatasetSection
{
    /// <summary>Writes it.</summary>
    public static string Write(ExperimentResults results, string dataset)
    {
        var labels = results.LabelsOf(dataset);
        var page = new StringBuilder()
            .Append("<h3>Quality at the end</h3>\n")
            .Append(QualityTable(results, dataset, labels))
            .Append("<h3>Cost</h3>\n")
            .Append(CostTable(results, dataset, labels))
            .Append("<h3>Accuracy on all tasks seen so far</h3>\n<div class=\"charts\">\n")
            .Append(
                Figure(
                    "Class-incremental",
                    "The task is not known, all classes seen compete. Bars: standard deviation over seeds.",
                    Curves(results, dataset, labels, "Class-incremental", rows => rows.ClassIncremental)
                )
            )
            .Append(
                Figure(
                    "Task-incremental",
                    "The task is known, so only its classes compete.",
                    Curves(results, dataset, labels, "Task-incremental", rows => rows.TaskIncremental)
                )
            )
            .Append("</div>\n<h3>Accuracy on each task, class-incremental</h3>\n<div class=\"maps\">\n");
        foreach (string label in labels)
            page.Append(
                Figure(
                    label,
                    null,
                    HeatMapChart.Draw(
                        $"{label}: class-incremental accuracy on each task after each task, in percent",
                        Mean(results.RowsOf(dataset, label))
                    )
                )
            );
        return page.Append("</div>\n<h3>Forgetting and cost</h3>\n<div class=\"charts\">\n")
            .Append(
                Figure(
                    "Forgetting",
                    "Mean over all tasks but the last: best accuracy ever had minus accuracy at the end, in "
                        + "percentage points; less is better.",
                    Forgetting(results, dataset, labels)
                )
            )
            .Append(
                Against(
                    results,
                    dataset,
                    labels,
                    Measure.Bytes,
                    "Methods that have all data in one place send nothing, and are not shown."
                )
            )
            .Append(
                Against(
                    results,
                    dataset,
                    labels,
                    Measure.MultiplyAdds,
                    "What it takes to predict one input, all experts and all views of the input counted."
                )
            )
            .Append("</div>\n")
            .Append(AblationSection.Write(results, dataset))
            .ToString();
    }

    /// <summary>A drawing with its title, and what to know of it.</summary>
    public static string Figure(string title, string? caption, string drawing)
    {
        string below = caption is null ? "" : $"<figcaption>{Svg.Escape(caption)}</figcaption>";
        return $"<figure><h4>{Svg.Escape(title)}</h4>{drawing}{below}</figure>\n";
    }

    private static string QualityTable(ExperimentResults results, string dataset, IReadOnlyList<string> labels)
    {
        string reference = results.Manifest.Reference;
        var table = new HtmlTable(
            $"Percent, mean ± sample standard deviation over n seeds; macro-F1 in [0, 1]. Difference: "
                + $"class-incremental accuracy minus that of {reference}, in percentage points, mean over "
                + $"common seeds; p: two-sided paired t-test of it, "
                + "not corrected for the number of comparisons. With three seeds there are two degrees of "
                + "freedom: p says little then, whatever it is.",
            ["method", "n", .. Measure.Quality.Select(measure => measure.Title), $"difference to {reference}", "p"]
        );
        foreach (string label in labels)
        {
            var rows = results.RowsOf(dataset, label);
            var test = results.AgainstReference(dataset, label, Measure.ClassIncremental);
            table.Add(
                [
                    label,
                    Count(rows.Count),
                    .. Measure.Quality.Select(measure =>
                        Numbers.MeanAndDeviation(ExperimentResults.Summarise(rows, measure), measure.Text)
                    ),
                    test is null ? "-" : Numbers.Points(test.MeanDifference),
                    Numbers.Probability(test?.PValue),
                ],
                main: label == reference
            );
        }

        return table.ToString();
    }

    private static string CostTable(ExperimentResults results, string dataset, IReadOnlyList<string> labels)
    {
        var table = new HtmlTable(
            "Means over seeds. Device time is summed over participants; energy is device time times an "
                + "assumed power, not a measurement. Times depend on what else the machine did.",
            ["method", .. Measure.Cost.Select(measure => measure.Title)]
        );
        foreach (string label in labels)
        {
            var rows = results.RowsOf(dataset, label);
            table.Add(
                [
                    label,
                    .. Measure.Cost.Select(measure => measure.Text(ExperimentResults.Summarise(rows, measure).Mean)),
                ],
                main: label == results.Manifest.Reference
            );
        }

        return table.ToString();
    }

    private static string Curves(
        ExperimentResults results,
        string dataset,
        IReadOnlyList<string> labels,
        string kind,
        Func<AccuracyRows, double[][]> matrix
    )
    {
        var series = labels
            .Select((label, style) => new Series(label, style, Points(results.RowsOf(dataset, label), matrix)))
            .ToArray();
        int tasks = series.Max(one => one.Points.Count);
        return LineChart.Draw(
            $"{kind} accuracy on all tasks seen so far, {dataset}",
            "tasks learned",
            [.. Enumerable.Range(1, tasks).Select(Count)],
            series
        );
    }

    private static SampleSummary?[] Points(IReadOnlyList<ResultRow> rows, Func<AccuracyRows, double[][]> matrix) =>
        [
            .. Enumerable
                .Range(0, rows.Min(row => row.Document.Tasks))
                .Select(task =>
                    SampleSummary.Of([.. rows.Select(row => matrix(row.Document.AccuracyMatrix)[task].Average())])
                ),
        ];

    private static double[][] Mean(IReadOnlyList<ResultRow> rows) =>
        [
            .. Enumerable
                .Range(0, rows.Min(row => row.Document.Tasks))
                .Select(task =>
                    Enumerable
                        .Range(0, task + 1)
                        .Select(on => rows.Average(row => row.Document.AccuracyMatrix.ClassIncremental[task][on]))
                        .ToArray()
                ),
        ];

    private static string Forgetting(ExperimentResults results, string dataset, IReadOnlyList<string> labels) =>
        BarChart.Draw(
            $"Forgetting, class-incremental, {dataset}",
            [
                .. labels.Select(
                    (label, style) =>
                        (label, style, ExperimentResults.Summarise(results.RowsOf(dataset, label), Measure.Forgetting))
                ),
            ]
        );

    private static string Against(
        ExperimentResults results,
        string dataset,
        IReadOnlyList<string> labels,
        Measure cost,
        string caption
    )
    {
        ScatterChart.Point[] points =
        [
            .. labels
                .Select((label, style) => (label, style, Rows: results.RowsOf(dataset, label)))
                .Select(one => new ScatterChart.Point(
                    one.label,
                    one.style,
                    ExperimentResults.Summarise(one.Rows, cost).Mean,
                    ExperimentResults.Summarise(one.Rows, Measure.ClassIncremental)
                ))
                .Where(point => point.Cost > 0),
        ];
        return points.Length == 0
            ? ""
            : Figure(
                $"Accuracy against {cost.Title}",
                caption,
                ScatterChart.Draw($"Class-incremental accuracy against {cost.Title}, {dataset}", cost, points)
            );
    }

    private static string Count(int number) => number.ToString(CultureInfo.InvariantCulture);
}
