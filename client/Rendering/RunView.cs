using System.Diagnostics;
using System.Globalization;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Data.Images;
using Dmkd.Experiments.Learners;
using Dmkd.Experiments.Protocol;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Runs;
using Dmkd.Hosting.Telemetry;
using Spectre.Console;
using static Dmkd.Client.Rendering.Figures;

namespace Dmkd.Client.Rendering;

/// <summary>Where something is stored.</summary>
/// <param name="Name">For people.</param>
/// <param name="Options">Options by which a later command finds it, with a space before them; empty for the
/// default.</param>
internal sealed record Storage(string Name, string Options);

/// <summary>Shows a run to a person: bars on a terminal, one line per event anywhere, tables at the end.</summary>
/// <param name="json">Whether standard output belongs to a document, so that everything goes to standard error.</param>
internal sealed class RunView(bool json)
{
    private readonly IAnsiConsole _console = Consoles.Create(json);
    private readonly List<RoundDocument> _rounds = [];

    /// <summary>Reads the data set, showing how far it is.</summary>
    public Task<ImageDataset> ReadDataAsync(DatasetCache datasets, RunSettings settings) =>
        DataView.ReadAsync(_console, datasets, settings.Data);

    /// <summary>Says what begins.</summary>
    /// <param name="runId">Id of the run.</param>
    /// <param name="settings">Its settings.</param>
    /// <param name="place">Where it is stored.</param>
    /// <param name="verb">The first word, such as <c>resuming</c>.</param>
    /// <param name="dataset">What was read; null when the data is elsewhere.</param>
    public void Begin(string runId, RunSettings settings, Storage place, string verb, ImageDataset? dataset = null)
    {
        string problem = FormattableString.Invariant(
            $"{settings.Data.Kind}, {settings.Tasks} tasks, {settings.Participation.Nodes} nodes"
        );
        string training = FormattableString.Invariant(
            $"{settings.Training.Rounds} rounds of {settings.Training.Epochs} epochs, learning rate {settings.Training.LearningRate}"
        );
        if (settings.Legacy.Tasks > 0)
            training += FormattableString.Invariant($", alpha {settings.Legacy.Alpha}");
        string merging = FormattableString.Invariant(
            $"merge every {settings.Merging.MergeEvery}, rank {settings.Merging.Rank}, seed {settings.Seed}"
        );
        _console.WriteWhole($"[bold]{verb} {runId}[/]: {problem}, {training}, {merging}{AmountsOf(settings, dataset)}");
        if (RunSettingsRules.MergingHint(settings) is { } hint)
            _console.WriteWhole($"[grey]{hint}[/]");
        _console.WriteWhole(
            $"[grey]stored in {place.Name}; stopped, it goes on with: dmkd run --resume {runId}{place.Options}[/]"
        );
    }

    /// <summary>Follows the run until it ends.</summary>
    public Task<RunReport> FollowAsync(DmkdRun run, RunSettings settings, CancellationToken cancellationToken) =>
        Bars.RunAsync(
            _console,
            async bars =>
            {
                var whole = bars.Add("whole run");
                var preservation = settings.Legacy.Tasks > 0 ? bars.Add("legacy model to experts") : null;
                var tasks = Enumerable
                    .Range(0, settings.Tasks)
                    .Select(task => bars.Add($"task {task + 1}/{settings.Tasks}"))
                    .ToArray();
                using var watch = new RoundWatch();
                var waits = new WaitLines(_console);
                return await run.FollowAsync(
                    look =>
                    {
                        watch.See(look);
                        waits.See(look.Waiting);
                        Show(look, preservation, tasks);
                        whole.Set(ShareOf(look, settings));
                    },
                    cancellationToken
                );
            }
        );

    /// <summary>Runs a baseline.</summary>
    public Task<MethodResult> FollowAsync(
        IContinualLearner learner,
        ContinualProblem problem,
        CancellationToken cancellationToken
    ) =>
        Bars.RunAsync(
            _console,
            async bars =>
            {
                var bar = bars.Add(learner.Name);
                var result = await learner.LearnAsync(problem, bar.Set, cancellationToken);
                bar.Set(1);
                string taskIncremental = result.TaskIncrementalAccuracy.ToString("P1", CultureInfo.InvariantCulture);
                _console.MarkupLineInterpolated(
                    CultureInfo.InvariantCulture,
                    $"{learner.Name}: accuracy {result.FinalAccuracy:P1} class-incremental, {taskIncremental} task-incremental"
                );
                return result;
            }
        );

    /// <summary>Prints the tables.</summary>
    public void End(RunReport report, IReadOnlyList<MethodResult> baselines)
    {
        MethodResult[] methods = [MethodResult.From(report), .. baselines];
        _console.WriteLine();
        _console.Write(RunTables.AfterEachTask(methods));
        _console.Write(RunTables.Summary(methods, report.LegacyAccuracy));
        _console.MarkupLineInterpolated(
            $"[grey]next: dmkd modules list, dmkd modules show expert-1, dmkd predict <image...>[/]"
        );
    }

    /// <summary>The document of a run that was followed.</summary>
    public RunDocument DocumentOf(RunReport report, IReadOnlyList<MethodResult> baselines) =>
        RunDocument.Of(report, baselines, ConvolutionDocument.OfThisProcess()) with
        {
            Rounds = _rounds,
        };

    /// <summary>Ends a command with an error when its run, whose result was printed, is of no use.</summary>
    /// <exception cref="RunFailedException">Says why.</exception>
    public static void RequireLearned(RunReport report)
    {
        if (RunTables.ProblemOf(report.RunId, report.Settings.Tasks, report.Diverged) is { } problem)
            throw new RunFailedException(problem);
    }

    private static string AmountsOf(RunSettings settings, ImageDataset? dataset)
    {
        if (dataset is not null)
            return $", {DataView.Amounts(dataset.Train.Count, dataset.Test.Count, dataset.ClassNames.Count)}";
        if (settings.Data.Contents is not { } held)
            return "";
        return $", {DataView.Amounts(held.TrainCounts.Sum(), held.TestCounts.Sum(), held.ClassNames.Length)}";
    }

    /// <summary>Share of the run that is done, in [0, 1]: preservation counts as a task.</summary>
    internal static double ShareOf(RunProgress look, RunSettings settings)
    {
        if (look.Phase is RunPhase.Completed)
            return 1;
        bool preserves = settings.Legacy.Tasks > 0;
        double done = look.Task + look.TaskProgress + (preserves ? look.PreservationProgress : 0);
        return Math.Clamp(done / (settings.Tasks + (preserves ? 1 : 0)), 0, 1);
    }

    private void Show(RunProgress look, Bar? preservation, Bar[] tasks)
    {
        _console.WriteEvents(EventLine.Of(look.Events, hasBars: _console.Profile.Capabilities.Interactive));
        foreach (var round in look.Events.OfType<RoundMerged>())
        {
            _rounds.Add(RoundDocument.Of(round));
            if (round.Training is { } training)
                tasks[round.Task].Describe(EventText.OfBar(round, tasks.Length, training));
        }

        preservation?.Set(look.PreservationProgress);
        for (int task = 0; task < tasks.Length; task++)
        {
            bool done = look.Phase is RunPhase.Completed || task < look.Task;
            if (done || task == look.Task)
                tasks[task].Set(done ? 1 : look.TaskProgress);
        }
    }
}

/// <summary>Puts what the console sees of a run's rounds into the traces of these rounds.</summary>
internal sealed class RoundWatch : IDisposable
{
    private string? _trace;
    private Activity? _span;

    /// <summary>Takes in a look at the run.</summary>
    public void See(RunProgress look)
    {
        if (look.Trace == _trace)
            return;
        Dispose();
        _trace = look.Trace;
        var current = Activity.Current;
        _span = _trace is null ? null : DmkdTelemetry.StartWatch(_trace, look.Task, look.Round);
        Activity.Current = current; // the looks themselves are no part of it
    }

    public void Dispose()
    {
        _span?.Dispose();
        _span = null;
    }
}

/// <summary>Says once what is waited for, and once that it goes on.</summary>
internal sealed class WaitLines(IAnsiConsole console)
{
    private bool _waits;

    /// <summary>Takes in a look.</summary>
    /// <param name="problem">What is waited for; null for nothing.</param>
    public void See(string? problem)
    {
        if (problem is not null == _waits)
            return;
        _waits = !_waits;
        string line = problem is null ? "goes on" : $"waiting: {problem}";
        console.WriteTimed(TimeProvider.System.GetLocalNow(), line);
    }
}

/// <summary>The tables at the end of a run.</summary>
internal static class RunTables
{
    /// <summary>What makes a finished run a failed one: experts that diverged, or not one that was merged.</summary>
    /// <returns>A sentence; null when there is nothing.</returns>
    public static string? ProblemOf(string runId, int tasks, IReadOnlyList<DivergedExpert> experts)
    {
        string[] diverged =
        [
            .. experts
                .Where(expert => expert.Loss is not null)
                .Select(expert =>
                    FormattableString.Invariant(
                        $"{expert.Module} (mean loss {expert.Loss:N1}, guessing has {expert.Guessing:N1})"
                    )
                ),
        ];
        if (diverged.Length > 0)
            return $"The run is over, but it diverged: {string.Join(", ", diverged)}; a lower --learning-rate may help.";
        if (experts.Count < tasks)
            return null;
        return "The run is over, but none of its merges was accepted, and its experts are as they began; "
            + $"dmkd runs show {runId} says why they were refused.";
    }

    /// <summary>Accuracy over the tasks seen so far, after each task, for every method.</summary>
    public static Table AfterEachTask(IReadOnlyList<MethodResult> methods)
    {
        var table = new Table().Title("Accuracy on all tasks seen so far").AddColumn("task");
        foreach (var method in methods)
        {
            table.AddColumn(new TableColumn($"{Heading(method)}\nclass-\nincremental").RightAligned());
            table.AddColumn(new TableColumn($"{Heading(method)}\ntask-\nincremental").RightAligned());
        }

        for (int task = 0; task < methods[0].ClassIncremental.Length; task++)
        {
            int row = task;
            table.AddRow([
                (task + 1).ToString(CultureInfo.InvariantCulture),
                .. methods.SelectMany(method =>
                    (string[])
                        [
                            Percent(method.ClassIncremental[row].Average()),
                            Percent(method.TaskIncremental[row].Average()),
                        ]
                ),
            ]);
        }

        return table;
    }

    /// <summary>One column per method, one row per measure.</summary>
    public static Table Summary(IReadOnlyList<MethodResult> methods, double? legacyAccuracy)
    {
        var table = new Table().Title("At the end").AddColumn("");
        foreach (var method in methods)
            table.AddColumn(new TableColumn(Heading(method)).RightAligned());
        Add("accuracy, class-incremental", method => Percent(method.FinalAccuracy));
        Add("accuracy, task-incremental", method => Percent(method.TaskIncrementalAccuracy));
        Add("macro-F1", method => method.MacroF1.ToString("F3", CultureInfo.InvariantCulture));
        Add("forgetting", method => Percent(method.Forgetting));
        Add("right task recognised", method => Percent(method.TaskDetectionRate));
        Add("parameters", method => Count(method.Parameters));
        Add("sent by nodes", method => method.DenseBytes == 0 ? "-" : Megabytes(method.BytesUp));
        Add("  of that for routing", method => method.DenseBytes == 0 ? "-" : Megabytes(method.RoutingBytes));
        Add(
            "  updates as dense fp32",
            method =>
                method.DenseBytes == 0
                    ? "-"
                    : $"{Megabytes(method.DenseBytes)} ({(double)method.DenseBytes / (method.BytesUp - method.RoutingBytes):F1} times)"
        );
        Add("fetched by nodes", method => method.DenseBytes == 0 ? "-" : Megabytes(method.BytesDown));
        Add("device seconds", method => Seconds(method.DeviceSeconds));
        Add("wall seconds", method => Seconds(method.WallSeconds));
        if (legacyAccuracy is { } accuracy)
            table.Caption($"The legacy model: {Percent(accuracy)} on its own classes.");
        return table;

        void Add(string name, Func<MethodResult, string> value) => table.AddRow([name, .. methods.Select(value)]);
    }

    /// <summary>A name of two words takes two lines, so that the tables keep to 100 columns.</summary>
    private static string Heading(MethodResult method) =>
        method.Method.Replace("sequential-fine-tuning", "sequential\nfine-tuning", StringComparison.Ordinal);

    private static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:F2} MB");

    private static string Seconds(double seconds) => seconds.ToString("F0", CultureInfo.InvariantCulture);
}
