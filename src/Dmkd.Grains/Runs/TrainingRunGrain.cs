using System.Diagnostics;
using Dmkd.Contracts.Library;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Data;
using Dmkd.Grains.Devices;
using Dmkd.Grains.Storage;
using Microsoft.Extensions.Logging;
using Orleans.Storage;

namespace Dmkd.Grains.Runs;

/// <summary>
/// Sets the pace of a run. The run is a persisted state machine: every phase can be repeated, and its end is one state write,
/// so a run that is killed anywhere goes on from the phase stored last and ends with the same numbers.
/// </summary>
internal sealed partial class TrainingRunGrain(
    [PersistentState(StorageNames.TrainingRun, StorageNames.Provider)] IPersistentState<TrainingRunState> storage,
    IWeightStore weights, DatasetCache datasets, SiloDevices devices, TimeProvider time, ILogger<TrainingRunGrain> logger)
    : Grain, ITrainingRunGrain, IRunContext
{
    private static readonly TimeSpan PollPeriod = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestRun = TimeSpan.FromDays(7);

    private readonly RunFeed _feed = new(time);
    private readonly CancellationTokenSource _stopping = new();
    private Task? _drive;
    private RunData? _data;
    private long _clock;
    private double _partOfPhase;

    TrainingRunState IRunContext.State => storage.State;

    private TrainingRunState State => storage.State;

    private RunSettings Settings => State.Settings!;

    private string RunId => this.GetPrimaryKeyString();

    public async Task StartAsync(RunSettings settings, CancellationToken cancellationToken = default)
    {
        if (State.Settings is { } known)
        {
            if (!RunRules.Same(known, settings)) throw new InvalidOperationException($"Run {RunId} exists with other settings; resume it, or start one with another id.");
            await ResumeAsync(cancellationToken);
            return;
        }

        RunRules.Check(settings);
        State.Settings = settings;
        State.StartedAt = time.GetUtcNow();
        State.Phase = settings.LegacyTasks > 0 ? RunPhase.Preserve : RunPhase.Assign;
        await storage.WriteStateAsync(cancellationToken);
        await AnnounceAsync();
        StartDriving();
    }

    public async Task ResumeAsync(CancellationToken cancellationToken = default)
    {
        if (State.Settings is null) throw new InvalidOperationException($"There is no run {RunId}.");
        if (State.Phase is RunPhase.Failed)
        {
            // The failure can be read before it is stored; a new drive starts after that.
#pragma warning disable VSTHRD003 // the drive's last steps, a write and an announcement, do not wait for this grain
            if (_drive is not null) await Task.WhenAny(_drive);
#pragma warning restore VSTHRD003
            State.Phase = RunRules.ResumesIn(State.FailedIn);
            State.Error = null;
        }

        if (State.Phase is not RunPhase.Completed) StartDriving();
    }

    public Task LeaveAsync(int node, CancellationToken cancellationToken = default)
    {
        CheckNode(node);
        if (!State.Absent.Add(node)) return Task.CompletedTask;
        _feed.Add($"{RunRules.NodeKey(RunId, node)} leaves: it is not asked from the next round on");
        return storage.WriteStateAsync(cancellationToken);
    }

    public Task JoinAsync(int node, CancellationToken cancellationToken = default)
    {
        CheckNode(node);
        if (!State.Absent.Remove(node)) return Task.CompletedTask;
        State.Missed.Remove(node);
        _feed.Add($"{RunRules.NodeKey(RunId, node)} joins: it is asked from the next round on");
        return storage.WriteStateAsync(cancellationToken);
    }

    public Task<RunSettings?> GetSettingsAsync(CancellationToken cancellationToken = default) => Task.FromResult(State.Settings);

    public Task<RunProgress> GetProgressAsync(long afterEvent, CancellationToken cancellationToken = default) => Task.FromResult(new RunProgress
    {
        Phase = State.Phase,
        Task = State.Task,
        Round = State.Round,
        PreservationProgress = State.Phase is RunPhase.Preserve ? _partOfPhase : 1,
        TaskProgress = RunRules.TaskProgress(State, _partOfPhase),
        Events = _feed.After(afterEvent),
        Error = State.Error,
    });

    public Task<RunReport?> GetReportAsync(CancellationToken cancellationToken = default) => Task.FromResult(RunRules.Report(State, RunId));

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        _stopping.Dispose();
    }

    void IRunContext.Progress(double share) => _partOfPhase = share;

    void IRunContext.Tell(string text) => _feed.Add(text);

    Task IRunContext.MoveToAsync(RunPhase next) => MoveToAsync(next);

    private void CheckNode(int node)
    {
        if (State.Settings is null) throw new InvalidOperationException($"There is no run {RunId}.");
        if (node < 0 || node >= Settings.Nodes) throw new InvalidOperationException($"Run {RunId} has nodes 0 to {Settings.Nodes - 1}; there is no node {node}.");
    }

    private void StartDriving()
    {
        if (_drive is { IsCompleted: false }) return;
        DelayDeactivation(LongestRun);
        _clock = Stopwatch.GetTimestamp();
        _drive = DriveAsync();
    }

    private async Task DriveAsync()
    {
        try
        {
            _data = new RunData(await datasets.GetAsync(Settings.Data), Settings);
            while (State.Phase is not (RunPhase.Completed or RunPhase.Failed)) await StepAsync();
        }
#pragma warning disable CA1031 // a stopping silo breaks calls in many ways, and none of them is a failure of the run
        catch (Exception) when (_stopping.IsCancellationRequested)
#pragma warning restore CA1031
        {
            // The silo stops; the stored phase is where the run goes on.
        }
        catch (InconsistentStateException)
        {
            DeactivateOnIdle(); // another activation went further; nobody awaits this task, so the runtime does not do it for us
        }
#pragma warning disable CA1031 // nobody awaits the drive: whatever went wrong is the run's result
        catch (Exception e)
        {
            LogFailed(logger, e, RunId, State.Phase);
            await FailAsync(e.Message);
        }
#pragma warning restore CA1031
    }

    private Task StepAsync() => State.Phase switch
    {
        RunPhase.Preserve => PreserveAsync(),
        RunPhase.Assign => AssignAsync(),
        RunPhase.Train => TrainAsync(),
        RunPhase.Merge => MergeAsync(),
        RunPhase.Specialize => SpecializeAsync(),
        RunPhase.Evaluate => EvaluateAsync(),
        _ => throw new UnreachableException($"Phase {State.Phase} has no step."),
    };

    /// <summary>Ends a phase: one write makes its results and the next phase durable together.</summary>
    private async Task MoveToAsync(RunPhase next)
    {
        State.WallSeconds += Stopwatch.GetElapsedTime(_clock).TotalSeconds;
        _clock = Stopwatch.GetTimestamp();
        _partOfPhase = 0;
        State.Phase = next;
        await storage.WriteStateAsync();
        if (next is RunPhase.Completed or RunPhase.Failed) await AnnounceAsync();
    }

    private async Task FailAsync(string error)
    {
        EndRounds();
        State.Error = error;
        State.FailedIn = State.Phase;
        _feed.Add(error);
        await MoveToAsync(RunPhase.Failed);
    }

    private Task AnnounceAsync() => GrainFactory.GetGrain<ILibraryDirectoryGrain>(ILibraryDirectoryGrain.Key).RecordRunAsync(
        new RunSummary { RunId = RunId, Library = RunId, Data = Settings.Data, Phase = State.Phase, StartedAt = State.StartedAt });

    /// <summary>Waits a moment between two looks at work that goes on elsewhere.</summary>
    private Task PauseAsync() => Task.Delay(PollPeriod, time, _stopping.Token);
}
