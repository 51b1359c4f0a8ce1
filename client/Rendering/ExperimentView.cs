using System.Globalization;
using Dmkd.Contracts.Settings;
using Dmkd.Data.Images;
using Dmkd.Experiments.Plans;
using Dmkd.Experiments.Protocol;
using Dmkd.Experiments.Reports;
using Dmkd.Grains.Nodes;
using Spectre.Console;

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

/// <summary>
/// Shows an experiment to a person: a bar for all cells and one for each at work, one line per event, tables at the
/// end.
/// </summary>
/// <param name="json">Whether standard output belongs to a document, so that everything goes to standard error.</param>
/// <param name="jobs">Cells at a time.</param>
internal sealed class ExperimentView(bool json, int jobs) : IExperimentWatcher
{
    private readonly IAnsiConsole _console = Consoles.Create(json);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Bar> _atWork = [];
    private readonly Stack<Bar> _free = [];
    private Bar? _all;
    private int _cells;
    private int _ended;
    private int _datasets;

    /// <summary>Reads a data set, showing how far it is.</summary>
    public Task<ImageDataset> ReadDataAsync(DatasetCache datasets, DataSource source) =>
        DataView.ReadAsync(_console, datasets, source);

    /// <summary>Says what begins.</summary>
    public void Begin(ExperimentPlan plan, string folder)
    {
        _datasets = plan.Data.Count;
        _console.MarkupLineInterpolated(
            CultureInfo.InvariantCulture,
            $"[bold]experiment {plan.Name}[/]: {string.Join(", ", plan.Methods.Select(method => method.Label))}"
        );
        _console.MarkupLineInterpolated(
            CultureInfo.InvariantCulture,
            $"on {string.Join(", ", plan.Data.Select(data => data.Name))}, seeds {string.Join(", ", plan.Seeds)}, {jobs} at a time"
        );
        _console.MarkupLineInterpolated(
            $"[grey]results in {folder}; stopped, it goes on with the same command; accuracies: class- / task-incremental[/]"
        );
    }

    /// <summary>Shows bars while an experiment runs.</summary>
    public Task<ExperimentOutcome> FollowAsync(Func<Task<ExperimentOutcome>> run) =>
        Bars.RunAsync(
            _console,
            bars =>
            {
                _all = bars.Add("all cells");
                for (int i = 0; i < jobs; i++)
                    _free.Push(bars.Add("waiting"));
                return run();
            }
        );

    /// <summary>Prints the tables.</summary>
    public void End(ExperimentDocument document)
    {
        _console.WriteLine();
        ExperimentTables.WriteSummary(_console, document.Name, document.Summary);
        string cells = FormattableString.Invariant(
            $"{document.Cells} cells, {document.Reused} of them finished before, {document.Failed.Count} failed"
        );
        _console.MarkupLineInterpolated($"[grey]{cells}; next: dmkd experiment report {document.Folder}[/]");
    }

    public void Began(CellStage stage, int cells, int finished)
    {
        lock (_gate)
        {
            (_cells, _ended) = (cells, finished);
            _all?.Set((double)finished / cells);
            string what = stage is CellStage.Search ? "learning rates, on held-out training images" : "results";
            Say($"{what}: {cells} cells, {finished} finished before");
        }
    }

    public void Started(Cell cell)
    {
        lock (_gate)
        {
            var bar = _free.Pop();
            bar.Restart(NameOf(cell));
            _atWork.Add(cell.Digest, bar);
        }
    }

    public void Advanced(Cell cell, double share)
    {
        lock (_gate)
            _atWork.GetValueOrDefault(cell.Digest)?.Set(share);
    }

    public void Finished(Cell cell, CellDocument document, TimeSpan? left)
    {
        lock (_gate)
        {
            End(cell);
            string rest = left is { Ticks: > 0 } time ? $"; {Text(time)} left" : "";
            Say(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{_ended}/{_cells} {NameOf(cell)}: {document.FinalAccuracy:P1} / "
                        + $"{document.TaskIncrementalAccuracy:P1}, "
                        + $"{Text(TimeSpan.FromSeconds(document.WallSeconds))}{rest}"
                )
            );
        }
    }

    public void Failed(Cell cell, CellFailure failure)
    {
        lock (_gate)
        {
            End(cell);
            Say($"{_ended}/{_cells} {NameOf(cell)} failed: {failure.Error}");
        }
    }

    public void Chose(ChosenParameters choice)
    {
        lock (_gate)
            Say($"chosen for {choice.Label} on {choice.Dataset}: {ChosenParameters.TextOf(choice.Parameters)}");
    }

    private void End(Cell cell)
    {
        if (!_atWork.Remove(cell.Digest, out var bar))
            return;
        bar.Restart("waiting");
        _free.Push(bar);
        _ended++;
        _all?.Set((double)_ended / _cells);
    }

    private void Say(string line) =>
        _console.MarkupLineInterpolated(
            CultureInfo.InvariantCulture,
            $"[grey]{TimeProvider.System.GetLocalNow():HH:mm:ss}[/] {line}"
        );

    private string NameOf(Cell cell)
    {
        string parameters = string.Concat(
            cell.Parameters.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => $" {pair.Key}={pair.Value}")
        );
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{cell.Method}{parameters}{(_datasets > 1 ? $", {cell.Data.Name}" : "")}, seed {cell.Settings.Seed}"
        );
    }

    private static string Text(TimeSpan time) =>
        time switch
        {
            { TotalHours: >= 2 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:F1} h"),
            { TotalMinutes: >= 2 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:F0} min"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:F0} s"),
        };
}
