using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Grains.Runs.Rounds;
using Dmkd.Hosting.Telemetry;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>What the stages of a run share: its state, its data and the silo's services.</summary>
internal sealed class RunScope
{
    private RunData? _data;
    private RunRounds? _rounds;

    public required string RunId { get; init; }

    public required StageEngine<TrainingRunState, RunPhase> Engine { get; init; }

    public required IGrainFactory Grains { get; init; }

    public required StageServices Services { get; init; }

    public required ILogger Logger { get; init; }

    /// <summary>Takes a library's next lesson up, when one waits: it is the task that follows.</summary>
    public required Func<Task<bool>> NextLessonAsync { get; init; }

    public TrainingRunState State => Engine.State;

    public RunSettings Settings => State.Settings!;

    /// <summary>The data set, once it is loaded.</summary>
    public RunData Data => _data ?? throw new InvalidOperationException($"The data of run {RunId} is not loaded.");

    /// <summary>The steps of the current module's rounds.</summary>
    public RunRounds Rounds => _rounds ??= new RunRounds(RunId, this, Driver());

    /// <summary>The stages of every run, in their order.</summary>
    public StageList<RunPhase> Stages()
    {
        IRunStage<RunPhase>[] all =
        [
            new LegacyStage(this),
            new PreserveStage(this),
            new AssignStage(this),
            new TrainStage(this),
            new MergeStage(this),
            new SpecializeStage(this),
            new FitGateStage(this),
            new EvaluateStage(this),
        ];
        return new StageList<RunPhase>(all, RunPhase.Completed);
    }

    /// <summary>Reads the data set; of a library that parties grow there is none, only the classes of its tasks.</summary>
    public async Task LoadAsync() =>
        _data = Settings.Library is null
            ? new RunData(await Services.Datasets.GetAsync(Settings.Data), Settings)
            : RunData.OfLibrary(Settings);

    public DmkdInstruments Instruments => Services.Instruments;

    public void Progress(double share) => Engine.Share = share;

    public void Tell(RunEvent happened) => Engine.Tell(happened);

    /// <summary>Counts device time.</summary>
    public void Spent(string job, TimeSpan time)
    {
        Services.Instruments.DeviceUsed(job, time);
        State.DeviceSeconds += time.TotalSeconds;
    }

    /// <summary>A module of this run.</summary>
    public IExpertModuleGrain ModuleOf(string name) =>
        Grains.GetGrain<IExpertModuleGrain>(ModuleDescriptor.KeyOf(RunId, name));

    /// <summary>Ends the spans of the module's rounds; the next module has a coordinator of its own.</summary>
    public void EndRounds()
    {
        _rounds?.End();
        _rounds = null;
    }

    /// <summary>The run fails, perhaps in a round.</summary>
    public void FailRounds()
    {
        _rounds?.Fail();
        EndRounds();
    }

    private RoundDriver Driver()
    {
        var coordinator = Grains.GetGrain<IMergeCoordinatorGrain>(State.Module!.Key);
        return new RoundDriver(coordinator, node => Grains.GetGrain<INodeGrain>(node), Services.Time, Logger)
        {
            PollPeriod = Services.PollPeriod,
            MaxSilence = Settings.Participation.ShortestWait,
            Tell = Tell,
        };
    }
}
