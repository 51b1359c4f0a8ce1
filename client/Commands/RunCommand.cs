using System.CommandLine;
using Dmkd.Client.Display;
using Dmkd.Client.Hosting;
using Dmkd.Contracts.Runs;
using Dmkd.Data;
using Dmkd.Experiments;
using Dmkd.Experiments.Methods;
using Dmkd.Experiments.Reports;
using Dmkd.Grains.Data;
using Dmkd.Grains.Telemetry;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd run</c>: the main job, from a legacy model to a library of experts, beside sequential fine-tuning.</summary>
internal sealed class RunCommand : Command
{
    private readonly CommonOptions _common = new();
    private readonly RunOptions _options = new();
    private readonly Option<string?> _resume = new("--resume") { Description = "Id of a run to go on with; its own settings count" };
    private readonly Option<string?> _id = new("--id") { Description = "Id of the new run; made from the time when not given" };
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
        string place = _common.Place(parsed);
        bool json = _common.Json(parsed);
        var view = new RunView(json);
        var following = new RunFollowing(_common, parsed);
        bool detaches = following.Detaches(_detach);
        using var datasets = new DatasetCache();
        string? resumed = parsed.GetValue(_resume);
        RunSettings? settings = null;
        ImageDataset? dataset = null;
        if (resumed is null)
        {
            settings = _options.Read(parsed);
            dataset = await view.ReadDataAsync(datasets, settings); // before anything is stored
            Check(dataset, settings);
        }
        else
        {
            _common.RequireRuns(parsed);
        }

        await using var silo = await _common.StartAsync(parsed, datasets, cancellationToken);
        string runId = resumed ?? parsed.GetValue(_id) ?? NewName.Of("run");
        var run = silo.Grains.GetGrain<ITrainingRunGrain>(runId);
        using var activity = DmkdTelemetry.StartCommand("dmkd run", runId);
        if (resumed is null)
        {
            await StartAsync(run, runId, settings!, cancellationToken);
        }
        else
        {
            settings = await FindAsync(run, runId, place, cancellationToken);
            dataset = await view.ReadDataAsync(datasets, settings);
            await run.ResumeAsync(cancellationToken);
        }

        if (detaches)
        {
            await following.LeaveAsync(new FoundRun(run, runId, settings!, null), cancellationToken);
            return ExitCode.Success;
        }

        view.Begin(runId, settings!, place, resumed is null ? "run" : "resuming");
        try
        {
            var report = await following.AwaitAsync(view, run, runId, settings!, cancellationToken);
            List<MethodResult> baselines = [];
            if (!parsed.GetValue(_noBaseline))
                baselines.Add(await view.FollowAsync(new SequentialFineTuning(silo.Training), new ContinualProblem(dataset!, settings!), cancellationToken));
            view.End(report, baselines);
            if (json) JsonOutput.Write(RunDocument.Of(report, baselines, ConvolutionDocument.OfThisProcess()));
            return ExitCode.Success;
        }
        catch (OperationCanceledException e) when (e is not RunStoppedException && cancellationToken.IsCancellationRequested)
        {
            throw following.Left(runId);
        }
    }

    /// <summary>Starts a new run; the grain itself would take a repeat with the same settings for a resume.</summary>
    /// <exception cref="BadInputException">The id is taken.</exception>
    private static async Task StartAsync(ITrainingRunGrain run, string runId, RunSettings settings, CancellationToken cancellationToken)
    {
        if (await run.GetSettingsAsync(cancellationToken) is not null)
            throw new BadInputException($"Run '{runId}' exists. Go on with it by --resume {runId}, or choose another --id.");
        await run.StartAsync(settings, cancellationToken);
    }

    /// <summary>Settings of a stored run.</summary>
    /// <exception cref="BadInputException">There is no such run.</exception>
    private static async Task<RunSettings> FindAsync(ITrainingRunGrain run, string runId, string place, CancellationToken cancellationToken) =>
        await run.GetSettingsAsync(cancellationToken)
        ?? throw new BadInputException($"There is no run '{runId}' in {place}. `dmkd runs list` shows them.");

    /// <summary>Refuses data that does not suit the settings before anything is stored.</summary>
    private static void Check(ImageDataset dataset, RunSettings settings)
    {
        var data = new RunData(dataset, settings);
        for (int task = 0; task < settings.Tasks; task++) _ = data.ShardOf(task, 0);
    }
}
