using System.Globalization;
using System.Text;
using Dmkd.Experiments.Protocol;

namespace Dmkd.Experiments.Reports;

/// <summary>
/// What a reader needs to judge the numbers: settings, searches, machines, versions, and what failed.
/// </summary>
internal static class CircumstancesSection
{
    /// <summary>Writes it.</summary>
    public static string Write(ExperimentResults results)
    {
        var page = new StringBuilder(Settings(results)).Append(Machines(results));
        if (results.Manifest.Chosen.Count > 0)
            page.Append("<h3>Searches</h3>\n").Append(Searches(results));
        if (results.Failures.Count > 0)
            page.Append("<h3>Failed</h3>\n").Append(Failures(results));
        return page.ToString();
    }

    private static string Settings(ExperimentResults results)
    {
        var table = new HtmlTable(
            "What all methods share. Every result has its own file in cells/, with all settings.",
            [
                "data set",
                "kind",
                "training images per class",
                "test images per class",
                "tasks",
                "nodes",
                "rounds × epochs per task",
                "batch",
                "widths",
            ]
        );
        foreach (
            var group in results.Rows.Where(row => row.Document.Settings is not null).GroupBy(row => row.Place.Dataset)
        )
        {
            var settings = group.First().Document.Settings!;
            table.Add([
                group.Key,
                settings.Data.Kind,
                Share(settings.Data.TrainPerClass),
                Share(settings.Data.TestPerClass),
                Text(settings.Tasks),
                Text(settings.Participation.Nodes),
                $"{settings.Training.Rounds} × {settings.Training.Epochs}",
                Text(settings.Training.BatchSize),
                string.Join(", ", settings.Training.Widths),
            ]);
        }

        return table.ToString();

        static string Share(int? count) => count is { } some ? Text(some) : "all";
    }

    private static string Machines(ExperimentResults results)
    {
        var table = new HtmlTable(
            "Where the results come from. More than one row: compare times and bytes with care.",
            [
                "results",
                "commit",
                "program",
                ".NET",
                "TorchSharp",
                "Orleans",
                "processor",
                "cores",
                "memory",
                "device",
                "assumed power",
            ]
        );
        foreach (
            var group in results.Rows.GroupBy(row => (row.Document.Versions, row.Document.Machine, row.Document.Watts))
        )
        {
            if (group.Key is not ({ } versions, { } machine, var watts))
                continue;
            table.Add([
                Text(group.Count()),
                versions.Commit.Length > 12 ? versions.Commit[..12] : versions.Commit,
                versions.Program,
                versions.DotNet,
                versions.TorchSharp,
                versions.Orleans,
                machine.Processor,
                Text(machine.Cores),
                Measure.Unit("B")(machine.MemoryBytes),
                machine.Device,
                $"{watts.ToString(CultureInfo.InvariantCulture)} W",
            ]);
        }

        return table.ToString();
    }

    private static string Searches(ExperimentResults results)
    {
        var table = new HtmlTable(
            "Class-incremental accuracy in percent on training images that were held out; the best "
                + "combination (ties: task-incremental accuracy, then the first) was used for all seeds. Test "
                + "images were not looked at.",
            ["method", "data set", "chosen", "tried"]
        );
        foreach (var chosen in results.Manifest.Chosen)
        {
            table.Add([
                chosen.Label,
                chosen.Dataset,
                ChosenParameters.TextOf(chosen.Parameters),
                string.Join(
                    "; ",
                    chosen.Tried.Select(tried =>
                        $"{ChosenParameters.TextOf(tried.Parameters)}: "
                        + $"{(tried.Accuracy is { } accuracy ? Measure.Percent(accuracy) : "-")}"
                    )
                ),
            ]);
        }

        return table.ToString();
    }

    private static string Failures(ExperimentResults results)
    {
        var table = new HtmlTable("These are tried again by the next run of the experiment.", ["cell", "seed", "why"]);
        foreach (var failure in results.Failures)
            table.Add([failure.Cell, Text(failure.Seed), failure.Error]);
        return table.ToString();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
