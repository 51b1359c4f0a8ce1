using System.Globalization;
using Dmkd.Client.Rendering;
using Dmkd.Contracts.Runs;
using Dmkd.Data;
using Dmkd.Experiments;
using Dmkd.Experiments.Methods;
using Dmkd.Grains.Data;
using Spectre.Console;

namespace Dmkd.Client.Display;

/// <summary>Shows a run to a person: bars on a terminal, one line per event anywhere, tables at the end.</summary>
/// <param name="json">Whether standard output belongs to a document, so that everything goes to standard error.</param>
internal sealed class RunView(bool json)
{
    private readonly IAnsiConsole _console = Consoles.Create(json);

    /// <summary>Reads the data set, showing how far it is.</summary>
    public Task<ImageDataset> ReadDataAsync(DatasetCache datasets, RunSettings settings) => DataView.ReadAsync(_console, datasets, settings.Data);

    /// <summary>Says what begins.</summary>
    /// <param name="runId">Id of the run.</param>
    /// <param name="settings">Its settings.</param>
    /// <param name="place">Where it is stored.</param>
    /// <param name="verb">The first word, such as <c>resuming</c>.</param>
    public void Begin(string runId, RunSettings settings, string place, string verb)
    {
        _console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[bold]{verb} {runId}[/]: {settings.Data.Kind}, {settings.Tasks} tasks, {settings.Participation.Nodes} nodes, {settings.Training.Rounds} rounds of {settings.Training.Epochs} epochs, merge every {settings.Merging.MergeEvery}, rank {settings.Merging.Rank}, seed {settings.Seed}");
        _console.MarkupLineInterpolated($"[grey]stored in {place}; stopped, it goes on with: run --resume {runId}[/]");
    }

    /// <summary>Follows the run until it ends.</summary>
    public Task<RunReport> FollowAsync(DmkdRun run, RunSettings settings, CancellationToken cancellationToken) => Bars.RunAsync(_console, async bars =>
    {
        var preservation = settings.Legacy.Tasks > 0 ? bars.Add("legacy model to experts") : null;
        var tasks = Enumerable.Range(0, settings.Tasks).Select(task => bars.Add($"task {task + 1}/{settings.Tasks}")).ToArray();
        using var watch = new RoundWatch();
        return await run.FollowAsync(
            look =>
            {
                watch.See(look);
                Show(look, preservation, tasks);
            },
            cancellationToken);
    });

    /// <summary>Runs a baseline.</summary>
    public Task<MethodResult> FollowAsync(IContinualLearner learner, ContinualProblem problem, CancellationToken cancellationToken) => Bars.RunAsync(_console, async bars =>
    {
        var bar = bars.Add(learner.Name);
        var result = await learner.LearnAsync(problem, bar.Set, cancellationToken);
        bar.Set(1);
        _console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"{learner.Name}: accuracy {result.FinalAccuracy:P1} class-incremental, {result.TaskIncrementalAccuracy:P1} task-incremental");
        return result;
    });

    /// <summary>Prints the tables.</summary>
    public void End(RunReport report, IReadOnlyList<MethodResult> baselines)
    {
        MethodResult[] methods = [MethodResult.From(report), .. baselines];
        _console.WriteLine();
        _console.Write(RunTables.AfterEachTask(methods));
        _console.Write(RunTables.Summary(methods, report.LegacyAccuracy));
        _console.MarkupLineInterpolated($"[grey]next: modules list, modules show expert-1, predict <image...>[/]");
    }

    private void Show(RunProgress look, Bar? preservation, Bar[] tasks)
    {
        _console.WriteEvents(EventLine.Of(look.Events));
        preservation?.Set(look.PreservationProgress);
        for (int task = 0; task < tasks.Length; task++)
        {
            bool done = look.Phase is RunPhase.Completed || task < look.Task;
            if (done || task == look.Task) tasks[task].Set(done ? 1 : look.TaskProgress);
        }
    }
}
