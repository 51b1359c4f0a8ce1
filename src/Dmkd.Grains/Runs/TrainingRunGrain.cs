using System.Diagnostics;
using Dmkd.Contracts.Library;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Data;
using Dmkd.Grains.Devices;
using Dmkd.Grains.Hosting;
using Dmkd.Grains.Lifecycle;
using Dmkd.Grains.Placement;
using Dmkd.Grains.Storage;
using Dmkd.Grains.Telemetry;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Runs;

/// <summary>
/// Sets the pace of a run. The run is a persisted state machine: every phase can be repeated, and its end is one state write,
/// so a run that is killed anywhere goes on from the phase stored last and ends with the same numbers.
/// </summary>
internal sealed partial class TrainingRunGrain(
    [PersistentState(StorageNames.TrainingRun, StorageNames.Provider)] IPersistentState<TrainingRunState> storage,
    IWeightStore weights, DatasetCache datasets, SiloDevices devices, IModuleSpawner spawner, ClusterDevices clusterDevices,
    InterruptedRuns interrupted, TimeProvider time, ILogger<TrainingRunGrain> logger)
    : Grain, ITrainingRunGrain, IRunContext
{
    private static readonly TimeSpan PollPeriod = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan RetryPeriod = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRun = TimeSpan.FromDays(7);

    /// <summary>Times in a row that a phase is tried again because somebody did not answer: with growing pauses, about a minute and a half.</summary>
    private const int MostAttempts = 12;

    private readonly RunFeed _feed = new(time);
    private readonly BackgroundWork _work = new();
    private RunData? _data;
    private long _clock;
    private double _partOfPhase;

    TrainingRunState IRunContext.State => State;

    private TrainingRunState State => Writer.State;

    private StateWriter<TrainingRunState> Writer => field ??= new(new PersistentSlot<TrainingRunState>(storage), DeactivateOnIdle);

    private RunSettings Settings => State.Settings!;

    private string RunId => this.GetPrimaryKeyString();

    public async Task StartAsync(RunSettings settings, CancellationToken cancellationToken = default)
    {
        if (State.Settings is { } known)
        {
            if (known != settings) throw new InvalidOperationException($"Run {RunId} exists with other settings; resume it, or start one with another id.");
            await ResumeAsync(cancellationToken);
            return;
        }

        RunSettingsRules.Check(settings);
        await clusterDevices.RequireAsync(settings.Device);
        if (settings.ExpertsOf is { } source) await RequireExpertsAsync(source, settings);
        await RemindAsync();
        State.Settings = settings;
        State.Trace = Activity.Current?.Id;
        State.StartedAt = time.GetUtcNow();
        State.Phase = settings.Legacy.Tasks > 0 && settings.ExpertsOf is null ? RunPhase.Preserve : RunPhase.Assign;
        await Writer.WriteAsync();
        await AnnounceAsync();
        StartDriving();
    }

    public async Task ResumeAsync(CancellationToken cancellationToken = default)
    {
        if (State.Settings is null) throw new InvalidOperationException($"There is no run {RunId}.");
        if (State.Phase is RunPhase.Failed)
        {
            await _work.EndedAsync();
            State.Phase = RunRules.ResumesIn(State.FailedIn);
            State.Attempts = 0;
            State.Error = null;
        }

        if (State.Phase is RunPhase.Completed) return;
        await RemindAsync();
        if (State.IsStopped)
        {
            State.IsStopped = false;
            await Writer.WriteAsync();
            await AnnounceAsync();
        }

        StartDriving();
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
        Trace = State.Phase is RunPhase.Train or RunPhase.Merge ? State.RoundTrace : null,
        IsStopped = State.IsStopped,
        IsAtWork = _work.IsRunning,
    });

    public Task<RunReport?> GetReportAsync(CancellationToken cancellationToken = default) => Task.FromResult(RunRules.Report(State, RunId));

    void IRunContext.Progress(double share) => _partOfPhase = share;

    void IRunContext.Tell(string text) => _feed.Add(text);

    Task IRunContext.MoveToAsync(RunPhase next) => MoveToAsync(next);

    private void StartDriving() => _work.Start(DriveAsync, FailAsync, DeactivateOnIdle);

    private async Task DriveAsync()
    {
        DelayDeactivation(LongestRun);
        Activity.Current = null; // a reminder or a look may have begun this, and the run is no part of their traces
        using var activity = DmkdTelemetry.StartRun(State.Trace, RunId);
        _clock = Stopwatch.GetTimestamp();
        _data = new RunData(await datasets.GetAsync(Settings.Data), Settings);
        for (int attempt = 0; State.Phase is not (RunPhase.Completed or RunPhase.Failed);)
        {
            try
            {
                await StepAsync();
                attempt = 0;
            }
            catch (Exception e) when (Passing.Is(e) && e is not StateLostException && !_work.Token.IsCancellationRequested && attempt < MostAttempts)
            {
                // A silo died or does not answer: every phase can be repeated, and what others hold moves meanwhile.
                LogRetried(logger, e, RunId, State.Phase, ++attempt);
                _feed.Add($"{State.Phase} is tried again: {e.Message.Split('\n', 2)[0].Trim()}");
                await Task.Delay(RetryPeriod * attempt, time, _work.Token);
            }
        }
    }

    private Task StepAsync() => State.Phase switch
    {
        RunPhase.Preserve => PreserveAsync(),
        RunPhase.Assign => AssignAsync(),
        RunPhase.Train => TrainAsync(),
        RunPhase.Merge => MergeAsync(),
        RunPhase.Specialize => SpecializeAsync(),
        RunPhase.Calibrate => CalibrateAsync(),
        RunPhase.Evaluate => EvaluateAsync(),
        _ => throw new UnreachableException($"Phase {State.Phase} has no step."),
    };

    /// <summary>Ends a phase: one write makes its results and the next phase durable together.</summary>
    private async Task MoveToAsync(RunPhase next)
    {
        var elapsed = Stopwatch.GetElapsedTime(_clock);
        DmkdTelemetry.PhaseEnded(RunId, State.Phase.ToString(), elapsed);
        State.WallSeconds += elapsed.TotalSeconds;
        _clock = Stopwatch.GetTimestamp();
        _partOfPhase = 0;
        State.Phase = next;
        await StoreAsync(next);
        if (next is RunPhase.Completed or RunPhase.Failed) await AnnounceAsync();
    }

    /// <summary>Stores the state. Nobody may see the feed of an activation that ends here, so the log says why.</summary>
    private async Task StoreAsync(RunPhase next)
    {
        try
        {
            await Writer.WriteAsync();
        }
        catch (Exception e) when (e is not StateLostException)
        {
            LogNotStored(logger, RunId, next, e.GetBaseException().Message.Split('\n', 2)[0].Trim());
            throw;
        }
    }

    private async Task FailAsync(Exception exception, string reason)
    {
        LogFailed(logger, exception, RunId, State.Phase);
        _rounds?.Fail();
        EndRounds();
        State.Error = reason;
        State.FailedIn = State.Phase;
        _feed.Add(reason);
        await MoveToAsync(RunPhase.Failed);
    }

    private Task AnnounceAsync() => GrainFactory.GetGrain<ILibraryDirectoryGrain>(ILibraryDirectoryGrain.Key).RecordRunAsync(
        new RunSummary { RunId = RunId, Library = RunId, Data = Settings.Data, Phase = State.Phase, StartedAt = State.StartedAt, IsStopped = State.IsStopped });

    /// <summary>Waits a moment between two looks at work that goes on elsewhere.</summary>
    private Task PauseAsync() => Task.Delay(PollPeriod, time, _work.Token);
}
