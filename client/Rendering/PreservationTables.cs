using System.Globalization;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Preservation;
using Spectre.Console;
using static Dmkd.Client.Rendering.Figures;

namespace Dmkd.Client.Rendering;

/// <summary>A preservation as <c>preserve --json</c> prints it. Field names are stable.</summary>
internal static class PreservationDocument
{
    /// <summary>The document of a report; the partition's adjacency, which only a picture needs, stays out.</summary>
    public static object Of(PreservationReport report) =>
        new
        {
            report.Library,
            Legacy = new
            {
                Source = report.Request.SourceName,
                Digest = report.Request.LegacyDigest,
                report.Request.Settings.Architecture,
                Accuracy = report.LegacyAccuracy,
                Parameters = report.LegacyParameters,
                MultiplyAdds = report.LegacyMultiplyAdds,
                report.SurrogateAccuracy,
            },
            report.Request.Settings,
            report.ClassNames,
            report.Modules,
            report.Routed,
            report.Partition.ImportanceByClass,
            report.TestImages,
            report.DeviceSeconds,
            report.WallSeconds,
        };
}

/// <summary>The tables of a preservation.</summary>
internal static class PreservationTables
{
    private const int MaxClassesListed = 6;

    /// <summary>One row per module: what it kept of the legacy model, and what it knows.</summary>
    public static Table Modules(PreservationReport report)
    {
        var table = new Table()
            .Title($"Experts of {Markup.Escape(report.Request.SourceName)}")
            .AddColumns(
                "module",
                "classes",
                "units kept\nper stage",
                "param-\neters",
                "MACs\nper input",
                "impor-\ntance",
                "before\nKD",
                "after\nKD",
                "legacy\nmodel"
            );
        foreach (var module in report.Modules)
        {
            table.AddRow(
                Markup.Escape(module.Name),
                Markup.Escape(ClassesOf(module, report.ClassNames)),
                StagesOf(module.Widths),
                Thousands(module.Parameters),
                $"{Millions(module.MultiplyAdds)}\n{Percent((double)module.MultiplyAdds / report.LegacyMultiplyAdds)}",
                Percent(module.ImportanceShare),
                Percent(module.AccuracyBefore),
                Percent(module.AccuracyAfter),
                Percent(module.LegacyAccuracy)
            );
        }

        return table.Caption("Accuracies are on the test images of the module's own classes, choosing among these.");
    }

    /// <summary>The library against the legacy model.</summary>
    public static Table Library(PreservationReport report)
    {
        var table = new Table()
            .Title($"Library {Markup.Escape(report.Library)} on {Count(report.TestImages)} test images")
            .AddColumns("model", "accuracy", "against legacy", "right expert", "MACs per input", "of legacy");
        table.AddRow(
            "legacy model",
            Percent(report.LegacyAccuracy, 2),
            "-",
            "-",
            Millions(report.LegacyMultiplyAdds),
            "100 %"
        );
        if (report.SurrogateAccuracy is { } surrogate)
            table.AddRow(
                "surrogate",
                Percent(surrogate, 2),
                Points(surrogate - report.LegacyAccuracy),
                "-",
                Millions(report.LegacyMultiplyAdds),
                "100 %"
            );
        foreach (var routed in report.Routed)
        {
            table.AddRow(
                $"library, R = {routed.TopExperts}",
                Percent(routed.Accuracy, 2),
                Points(routed.Accuracy - report.LegacyAccuracy),
                Percent(routed.RightExpert),
                Millions(routed.MultiplyAdds),
                Percent(routed.MultiplyAdds / report.LegacyMultiplyAdds)
            );
        }

        return table;
    }

    private static string ClassesOf(PreservedModule module, string[] names) =>
        module.Role is ModuleRole.Gate
            ? $"all {module.Classes.Length}"
            : First(MaxClassesListed, [.. module.Classes.Select(label => names[label])]);

    /// <summary>
    /// Neighbouring spaces that were equally wide make a stage: kept (or least to most kept) of how many.
    /// </summary>
    private static string StagesOf(SpaceWidth[] widths)
    {
        List<List<SpaceWidth>> stages = [];
        foreach (var width in widths)
        {
            if (stages.Count > 0 && stages[^1][0].Of == width.Of)
                stages[^1].Add(width);
            else
                stages.Add([width]);
        }

        return string.Join(
            '\n',
            stages.Select(stage =>
            {
                int least = stage.Min(space => space.Kept),
                    most = stage.Max(space => space.Kept);
                return least == most ? $"{most} of {stage[0].Of}" : $"{least}-{most} of {stage[0].Of}";
            })
        );
    }

    private static string Thousands(long value) => string.Create(CultureInfo.InvariantCulture, $"{value / 1e3:F1} k");

    private static string Millions(double value) => string.Create(CultureInfo.InvariantCulture, $"{value / 1e6:F2} M");

    private static string Points(double difference) =>
        string.Create(CultureInfo.InvariantCulture, $"{100 * difference:+0.00;-0.00} points");
}
