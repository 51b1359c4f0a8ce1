using System.CommandLine;
using System.Runtime.CompilerServices;
using Dmkd.Client.Errors;
using Dmkd.Client.Hosting;
using Dmkd.Client.Rendering;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Models;
using Dmkd.Data.Images;
using Dmkd.Data.Partitioning;
using Dmkd.Experiments.Learners;
using Dmkd.Experiments.Plans;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Runs;
using Dmkd.Hosting.Telemetry;

namespace Dmkd.Client.Commands;

/// <summary>
/// <c>dmkd run</c>: the main job, from a legacy model to a library of experts, beside sequential fine-tuning.
/// </summary>
internal sealed class RunCommand : Command
{
    private readonly CommonOptions _common = new();
    private readonly RunOptions _options = new();
    private readonly Option<string?> _resume = new("--resume")
    {
        Description = "Id of a run to go on with; its own settings count",
    };
    private readonly Option<string?> _id = new("--id")
    {
        Description = "Id of the new run; made from the time when not given",
    };
    private readonly Option<bool> _detach = RunFollowing.DetachOption();
    private readonly Option<bool> _noBaseline = new("--no-baseline") { Description = "Skip sequential fine-tuning" };

    public RunCommand()
        : base("run", "Turn a legacy network into experts and let nodes train them together, task after task")
    {
        _options.AddTo(this);
        Options.Add(_resume);
        Options.Add(_id);
        Options.Add(_noBaseline);
        Options.Add(_detach);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var begun = new StrongBox<string?>();
        try
        {
            return await RunAsync(parsed, begun, cancellationToken);
        }
        catch (OperationCanceledException e) when (e is not RunStoppedException && parsed.GetValue(_resume) is null)
        {
            throw new RunStoppedException(
                begun.Value is { } runId
                    ? $"Stopped. If run '{runId}' was stored, dmkd run --resume {runId} {_common.PlaceOptions(parsed)} goes on."
                    : RunStoppedException.BeforeAnything
            );
        }
    }

    /// <param name="parsed">The command line.</param>
    /// <param name="begun">Gets the run's id as soon as the run may be stored.</param>
    /// <param name="cancellationToken">Stops it.</param>
    private async Task<int> RunAsync(ParseResult parsed, StrongBox<string?> begun, CancellationToken cancellationToken)
    {
        var place = _common.StorageOf(parsed);
        bool json = _common.Json(parsed);
        var view = new RunView(json);
        var following = new RunFollowing(_common, parsed);
        bool detaches = following.Detaches(_detach);
        using var datasets = new DatasetCache();
        string? resumed = parsed.GetValue(_resume);
        string runId = resumed ?? NewName.Checked(_id, parsed) ?? NewName.Of("run");
        RunSettings? settings = null;
        ImageDataset? dataset = null;
        if (resumed is null)
        {
            settings = _options.Read(parsed);
            dataset = await view.ReadDataAsync(datasets, settings); // before anything is stored
            Check(dataset, settings);
            settings = settings with
            {
                Data = settings.Data with { Contents = DatasetCache.ContentsOf(dataset) },
                WithoutBaseline = parsed.GetValue(_noBaseline),
            };
        }
        else
        {
            _common.RequireRuns(parsed);
        }

        // A run whose data moved must not go on before it is told where to.
        await using var silo = await _common.StartAsync(parsed, datasets, cancellationToken, resumed is null);
        var run = silo.Grains.GetGrain<ITrainingRunGrain>(runId);
        using var activity = DmkdTelemetry.StartCommand("dmkd run", runId);
        if (resumed is null)
        {
            await RequireNewAsync(run, runId, cancellationToken);
        }
        else
        {
            settings = await FindAsync(run, runId, place.Name, cancellationToken);
            RequireSame(parsed, settings, runId);
            var moved = DataOptions.Moved(settings.Data, _options.PathOf(parsed), $"run '{runId}'");
            settings = settings with { Data = moved ?? settings.Data };
            dataset = await view.ReadDataAsync(datasets, settings);
            if (moved is not null)
                await run.MoveDataAsync(moved.Path!, cancellationToken);
        }

        begun.Value = runId;
        await Retried.BeginAsync(
            () => resumed is null ? run.StartAsync(settings!, cancellationToken) : run.ResumeAsync(cancellationToken),
            $"runs watch {runId} {_common.PlaceOptions(parsed)}",
            cancellationToken
        );
        if (detaches)
        {
            await following.LeaveAsync(new FoundRun(silo.Reader, runId, settings!, null), cancellationToken);
            return ExitCode.Success;
        }

        view.Begin(runId, settings!, place, resumed is null ? "run" : "resuming", dataset);
        try
        {
            var report = await following.AwaitAsync(view, run, runId, settings!, cancellationToken);
            List<MethodResult> baselines = [];
            if (!parsed.GetValue(_noBaseline) && settings!.WithoutBaseline is not true)
                baselines.Add(
                    await view.FollowAsync(
                        new SequentialFineTuning(silo.Training),
                        new ContinualProblem(dataset!, settings!),
                        cancellationToken
                    )
                );
            view.End(report, baselines);
            if (json)
                JsonOutput.Write(view.DocumentOf(report, baselines));
            RunView.RequireLearned(report);
            return ExitCode.Success;
        }
        catch (OperationCanceledException e)
            when (e is not RunStoppedException && cancellationToken.IsCancellationRequested)
        {
            throw following.Left(runId);
        }
    }

    /// <summary>Refuses options that say something else than what a run was started with.</summary>
    /// <exception cref="BadInputException">Names the option and both values.</exception>
    private void RequireSame(ParseResult parsed, RunSettings settings, string runId)
    {
        if (parsed.GetValue(_id) is { } id && id != runId)
            throw new BadInputException($"{_id.Name} is for a new run; --resume goes on with '{runId}'. Leave it out.");
        _options.RequireSame(parsed, settings, $"run '{runId}'");
        if (parsed.GetValue(_noBaseline) && settings.WithoutBaseline is false)
            throw new BadInputException(
                $"{_noBaseline.Name} was not given when run '{runId}' was started, and that holds. Leave it out."
            );
    }

    /// <summary>The grain itself would take a start with the same settings for a resume.</summary>
    /// <exception cref="BadInputException">The id is taken.</exception>
    private static async Task RequireNewAsync(ITrainingRunGrain run, string runId, CancellationToken cancellationToken)
    {
        if (await Retried.AskAsync(() => run.GetSettingsAsync(cancellationToken), cancellationToken) is not null)
            throw new BadInputException(
                $"Run '{runId}' exists. Go on with it by dmkd run --resume {runId}, or choose another --id."
            );
    }

    /// <summary>Settings of a stored run.</summary>
    /// <exception cref="BadInputException">There is no such run.</exception>
    private static async Task<RunSettings> FindAsync(
        ITrainingRunGrain run,
        string runId,
        string place,
        CancellationToken cancellationToken
    ) =>
        await Retried.AskAsync(() => run.GetSettingsAsync(cancellationToken), cancellationToken)
        ?? throw new BadInputException($"There is no run '{runId}' in {place}. `dmkd runs list` shows them.");

    /// <summary>Refuses data that does not suit the settings before anything is stored.</summary>
    private static void Check(ImageDataset dataset, RunSettings settings)
    {
        var data = new RunData(dataset, settings);
        for (int task = 0; task < settings.Tasks; task++)
            _ = new SimulatedShards(data, 0).TrainingOf(task);
    }
}

/// <summary>The options that decide a run's result: its settings.</summary>
internal sealed class RunOptions
{
    private readonly SettingOptions<RunSettings> _options = new(RunSettingsRules.Binder);

    public void AddTo(Command command)
    {
        foreach (var option in _options.All)
            command.Options.Add(option);
    }

    /// <summary>Reads and checks the options.</summary>
    /// <exception cref="BadInputException">Names the option, its limit and the value.</exception>
    public RunSettings Read(ParseResult parsed)
    {
        var read = _options.Read(parsed, RunSettingsRules.Binder.Defaults);
        var settings = DmkdParameters.Complete(read, name => _options.IsGiven(parsed, name));
        settings = settings with { Training = WithArchitecture(parsed, settings.Training) };
        string? kind = _options.IsGiven(parsed, "data") ? settings.Data.Kind : null;
        settings = settings with
        {
            Data = DataOptions.Placed(settings.Data, settings.Seed, kind, hasDefault: true),
            Tasks = TasksOf(parsed, settings),
        };
        return RunSettingsRules.ProblemsOf(settings, "--") is [var problem, ..]
            ? throw new BadInputException(problem)
            : settings;
    }

    /// <summary>The folder or file that the user named; null when none was.</summary>
    public string? PathOf(ParseResult parsed) =>
        _options.IsGiven(parsed, "data-path") ? parsed.GetValue((Option<string?>)_options["data-path"]) : null;

    /// <summary>Refuses options that say something else than a run's settings.</summary>
    /// <exception cref="BadInputException">Names the option and both values.</exception>
    public void RequireSame(ParseResult parsed, RunSettings stored, string what)
    {
        var asked = DmkdParameters.Complete(_options.ReadGiven(parsed, stored), _ => true);
        bool isConvolutional = asked.Training.Architecture == ConvNetArchitecture.FamilyName;
        asked = asked with
        {
            Data = asked.Data with { ClassOrder = DataOptions.OrderOf(asked.Data.ClassOrder) },
            Training = isConvolutional ? asked.Training with { Architecture = null } : asked.Training,
        };
        _options.RequireSame(parsed, asked, stored, what, "data-path");
    }

    /// <summary>As many tasks as sizes of them are given.</summary>
    private int TasksOf(ParseResult parsed, RunSettings settings)
    {
        if (settings.TaskSizes is null || _options.IsGiven(parsed, "tasks"))
            return settings.Tasks;
        return TaskSequence.SizesOf(settings.TaskSizes).Length;
    }

    /// <summary>The convolutional family has the widths of its option; others come with theirs.</summary>
    private TrainingSettings WithArchitecture(ParseResult parsed, TrainingSettings training)
    {
        if (training.Architecture is not { } text)
            return training;
        if (text == ConvNetArchitecture.FamilyName)
            return training with { Architecture = null };
        if (!_options.IsGiven(parsed, "widths"))
            return training;
        throw new BadInputException($"--widths is for --architecture {ConvNetArchitecture.FamilyName}, not {text}.");
    }
}
