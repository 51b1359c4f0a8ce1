using System.Runtime.InteropServices;
using Dmkd.Client.Files;
using Dmkd.Client.Hosting;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Data.Images;
using Dmkd.Experiments.Protocol;
using Dmkd.Grains.Nodes;
using Spectre.Console;

namespace Dmkd.Client.Rendering;

/// <summary>
/// Shows a preservation to a person: bars on a terminal, one line per event anywhere, tables at the end.
/// </summary>
/// <param name="json">Whether standard output belongs to a document, so that everything goes to standard error.</param>
internal sealed class PreserveView(bool json)
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(200);
    private readonly IAnsiConsole _console = Consoles.Create(json);
    private int _classes;

    /// <summary>What the legacy model's file says of its accuracy, or null.</summary>
    public string? Stated { get; set; }

    /// <summary>Reads the data set, showing how far it is.</summary>
    public Task<ImageDataset> ReadDataAsync(DatasetCache datasets, DataSource source) =>
        DataView.ReadAsync(_console, datasets, source);

    /// <summary>Says what begins.</summary>
    public void Begin(string library, PreservationRequest request, Storage place, bool isResumed)
    {
        var settings = request.Settings;
        _classes = ArchitectureCatalog.Parse(settings.Architecture).OutputCount;
        string verb = isResumed ? "resuming library" : "library";
        string partition = FormattableString.Invariant(
            $"{settings.Experts} experts, alpha {settings.Alpha}, {settings.Partition} partition"
        );
        string training = FormattableString.Invariant($"{settings.Epochs} epochs, seed {settings.Seed}");
        _console.WriteWhole(
            $"[bold]{verb} {library}[/]: {request.SourceName}, {settings.Data.Kind}, {partition}, {training}"
        );
        _console.WriteWhole(
            $"[grey]stored in {place.Name}; stopped, it goes on with: dmkd preserve --resume {library}{place.Options}[/]"
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
                var waits = new WaitLines(_console);
                while (true)
                {
                    var look = await Retried.AskAsync(
                        () => preservation.GetProgressAsync(seen, cancellationToken),
                        cancellationToken
                    );
                    waits.See(look.Waiting);
                    _console.WriteEvents(EventLine.Of(look.Events));
                    foreach (var measured in look.Events.OfType<LegacyMeasured>())
                        WarnOfChance(measured);
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

    private void WarnOfChance(LegacyMeasured measured)
    {
        long right = (long)Math.Round(measured.Accuracy * measured.TestImages);
        if (Chance.ProblemOf(right, measured.TestImages, _classes, Stated) is { } problem)
            _console.MarkupLineInterpolated($"[yellow]warning: legacy model {measured.Source}: {problem}[/]");
    }

    /// <summary>Prints the tables.</summary>
    public void End(PreservationReport report)
    {
        _console.WriteLine();
        _console.Write(PreservationTables.Modules(report));
        _console.Write(PreservationTables.Library(report));
        string next =
            $"dmkd modules list --library {report.Library}, dmkd predict --library {report.Library} <image...>, "
            + "dmkd modules export expert-1 --output expert-1.safetensors";
        _console.MarkupLineInterpolated($"[grey]next: {next}[/]");
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
