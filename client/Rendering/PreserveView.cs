using System.Globalization;
using System.Runtime.InteropServices;
using Dmkd.Client.Files;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Preservation;
using Dmkd.Data.Images;
using Dmkd.Experiments.Protocol;
using Dmkd.Grains.Nodes;
using Spectre.Console;
using static Dmkd.Client.Rendering.Figures;

namespace Dmkd.Client.Rendering;

/// <summary>
/// Shows a preservation to a person: bars on a terminal, one line per event anywhere, tables at the end.
/// </summary>
/// <param name="json">Whether standard output belongs to a document, so that everything goes to standard error.</param>
internal sealed class PreserveView(bool json)
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(200);
    private readonly IAnsiConsole _console = Consoles.Create(json);

    /// <summary>Reads the data set, showing how far it is.</summary>
    public Task<ImageDataset> ReadDataAsync(DatasetCache datasets, DataSource source) =>
        DataView.ReadAsync(_console, datasets, source);

    /// <summary>Says what begins.</summary>
    public void Begin(string library, PreservationRequest request, string place, bool isResumed)
    {
        var settings = request.Settings;
        string verb = isResumed ? "resuming library" : "library";
        _console.MarkupLineInterpolated(
            CultureInfo.InvariantCulture,
            $"[bold]{verb} {library}[/]: {request.SourceName}, {settings.Data.Kind}, {settings.Experts} experts, alpha {settings.Alpha}, {settings.Partition} partition, {settings.Epochs} epochs, seed {settings.Seed}"
        );
        _console.MarkupLineInterpolated(
            $"[grey]stored in {place}; stopped, it goes on with: preserve --resume {library}[/]"
        );
    }

    /// <summary>Follows the work until it ends.</summary>
    /// <exception cref="RunFailedException">It cannot go on.</exception>
    public Task<PreservationReport> FollowAsync(IPreservationGrain preservation, CancellationToken cancellationToken) =>
        Bars.RunAsync(
            _console,
            async bars =>
            {
                Dictionary<string, Bar> known = [];
                long seen = 0;
                while (true)
                {
                    var look = await preservation.GetProgressAsync(seen, cancellationToken);
                    _console.WriteEvents(EventLine.Of(look.Events));
                    if (look.Events.Length > 0)
                        seen = look.Events[^1].Sequence;
                    foreach (var track in look.Tracks)
                    {
                        if (!known.TryGetValue(track.Name, out var bar))
                            known[track.Name] = bar = bars.Add(track.Name);
                        bar.Set(track.Share);
                    }

                    if (look.Stage is PreservationStage.Failed)
                        throw new RunFailedException(look.Error ?? "The preservation failed and left no reason.");
                    if (
                        look.Stage is PreservationStage.Completed
                        && await preservation.GetReportAsync(cancellationToken) is { } report
                    )
                        return report;
                    await Task.Delay(LookPeriod, TimeProvider.System, cancellationToken);
                }
            }
        );

    /// <summary>Prints the tables.</summary>
    public void End(PreservationReport report)
    {
        _console.WriteLine();
        _console.Write(PreservationTables.Modules(report));
        _console.Write(PreservationTables.Library(report));
        _console.MarkupLineInterpolated(
            $"[grey]next: modules list --library {report.Library}, predict --library {report.Library} <image...>, modules export expert-1 --output expert-1.safetensors[/]"
        );
    }

    /// <summary>Draws the partition.</summary>
    public void Draw(PreservationReport report, OutputFile file)
    {
        var partition = report.Partition;
        double[,] shares = new double[partition.ImportanceByClass.Length, report.ClassNames.Length];
        for (int cluster = 0; cluster < shares.GetLength(0); cluster++)
        for (int label = 0; label < shares.GetLength(1); label++)
            shares[cluster, label] = partition.ImportanceByClass[cluster][label];
        file.Content.Write(
            PartitionPicture.Draw(
                new PartitionMap
                {
                    Size = partition.Size,
                    Adjacency = MemoryMarshal.Cast<byte, float>(partition.Adjacency).ToArray(),
                    ClusterStarts = partition.ClusterStarts,
                    ClassShares = shares,
                },
                report.ClassNames
            )
        );
        file.Commit();
        _console.MarkupLineInterpolated($"[grey]partition drawn in {file.Path}[/]");
    }
}

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
    private const int MostClassesListed = 6;

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
            : First(MostClassesListed, [.. module.Classes.Select(label => names[label])]);

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
