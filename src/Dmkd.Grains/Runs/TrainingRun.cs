using System.Diagnostics;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Grains.Runs.Rounds;
using Dmkd.Grains.Runs.Stages;
using Dmkd.Hosting.Storage;
using Dmkd.Hosting.Telemetry;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Runs;

/// <summary>
/// Keeps a run's cursor over its <see cref="RunScope.Stages">stages</see>: starts, resumes, stops and reports. Goes on
/// when it is looked at or a reminder wakes it, and has itself woken elsewhere when its silo ends. Knows nothing of
/// Orleans but its contracts, so that tests/Dmkd.Chaos can run it under simulated faults.
/// </summary>
internal sealed partial class TrainingRun : IStageHost<RunPhase>
{
    private readonly string _runId;
    private readonly StageServices _services;
    private readonly IRunHost _host;
    private readonly ILogger _logger;
    private readonly StateWriter<TrainingRunState> _writer;
    private readonly StageEngine<TrainingRunState, RunPhase> _engine;
    private readonly RunScope _scope;

    public TrainingRun(
        string runId,
        IStateSlot<TrainingRunState> slot,
        StageServices services,
        IRunHost host,
        EventLimits limits,
        ILogger logger
    )
    {
        _runId = runId;
        _services = services;
        _host = host;
        _logger = logger;
        _writer = new StateWriter<TrainingRunState>(slot, host.Deactivate);
        _engine = new(_writer, this, limits, services.Instruments, services.Time, logger);
        _scope = new RunScope
        {
            NextLessonAsync = TakeLessonAsync,
            RunId = runId,
            Engine = _engine,
            Grains = host.Grains,
            Services = services,
            Logger = logger,
        };
    }

    string IStageHost<RunPhase>.Name => _runId;

    RunPhase IStageHost<RunPhase>.Completed => RunPhase.Completed;

    RunPhase IStageHost<RunPhase>.Failed => RunPhase.Failed;

    /// <summary>The run as it is now. Borrowed.</summary>
    public TrainingRunState State => _writer.State;

    /// <summary>The report, or null before the run is finished.</summary>
    public RunReport? Report => RunRules.Report(State, _runId);

    /// <summary>Whether this activation works on it.</summary>
    public bool IsAtWork => IsUnderWay && _engine.IsAtWork;

    private bool IsUnderWay => !State.IsStopped && _engine.IsUnderWay;

    /// <summary>A run that was stopped while it took its last step has ended.</summary>
    private bool IsStopped => State.IsStopped && _engine.IsUnderWay;

    /// <summary>Takes in what is stored; call once, after the state was read.</summary>
    /// <param name="goesOn">Whether a run whose silo died goes on by being looked at.</param>
    public void Activate(bool goesOn)
    {
        if (IsUnderWay && goesOn)
            _engine.Start();
        else if (State.Settings is not null)
            _engine.AnnounceAsync().Ignore(); // the activation that ended the run may have died before it could tell
    }

    /// <summary>Ends the work at hand, as the activation ends.</summary>
    /// <param name="isSiloEnding">Whether it ends because its silo was asked to.</param>
    public void End(bool isSiloEnding)
    {
        _scope.EndRounds();
        if (isSiloEnding && !_engine.IsBroken && IsUnderWay)
            _host.WakeElsewhere();
        _engine.Stop();
    }

    /// <summary>A reminder has come.</summary>
    public async Task WakeAsync()
    {
        if (IsUnderWay)
        {
            _engine.Start(); // being activated did it already
            return;
        }

        if (State.Settings is not null)
            await AnnounceAsync(); // reminders come until the directory knows
        await _host.ForgetReminderAsync();
    }

    /// <inheritdoc cref="ITrainingRunGrain.StartAsync"/>
    public async Task StartAsync(RunSettings settings)
    {
        if (State.Settings is { } known)
        {
            if (known != settings)
                throw new InvalidOperationException(
                    $"Run {_runId} exists with other settings; resume it, or start one with another id."
                );
            await ResumeAsync();
            return;
        }

        RunSettingsRules.Check(settings);
        if (settings.Library is not null)
        {
            await CreateAsync(settings);
            return;
        }

        await _host.RequireAsync(settings.Device);
        if (settings.ExpertsOf is { } source)
            await new TakenExperts(_host.Grains).RequireAsync(source, settings);
        await _host.SetReminderAsync();
        State.Settings = settings;
        State.Trace = Activity.Current?.Id;
        State.StartedAt = _services.Time.GetUtcNow();
        State.Phase = _scope.Stages().First;
        await _writer.WriteAsync();
        await AnnounceAsync();
        _engine.Start();
    }

    /// <inheritdoc cref="ITrainingRunGrain.ResumeAsync"/>
    public async Task ResumeAsync()
    {
        RequireRun();
        if (State.Phase is RunPhase.Created)
            return; // a library that has not been asked to learn anything
        if (State.Phase is RunPhase.Failed)
        {
            await _engine.ForgetFailureAsync(RunRules.ResumesIn);
            State.Attempts = 0;
        }

        if (State.Phase is RunPhase.Completed)
            return;
        await _host.SetReminderAsync();
        if (State.IsStopped)
        {
            State.IsStopped = false;
            await _writer.WriteAsync();
            await AnnounceAsync();
        }

        _engine.Start();
    }

    /// <inheritdoc cref="ITrainingRunGrain.StopAsync"/>
    public async Task StopAsync()
    {
        RequireRun();
        if (!IsUnderWay)
            return;
        State.IsStopped = true;
        await _writer.WriteAsync();
        LogStopped(_logger, _runId, State.Phase);
        await AnnounceAsync();
        await _host.ForgetReminderAsync();
        _host.Deactivate(); // ends the work at hand; the next activation finds the run stopped
    }

    /// <inheritdoc cref="ITrainingRunGrain.LeaveAsync"/>
    public Task LeaveAsync(int node)
    {
        RequireNode(node);
        if (!State.Absent.Add(node))
            return Task.CompletedTask;
        _engine.Tell(new NodeLeft(RunRules.NodeKey(State.Settings!, _runId, node)));
        return _writer.WriteAsync();
    }

    /// <inheritdoc cref="ITrainingRunGrain.JoinAsync"/>
    public Task JoinAsync(int node)
    {
        RequireNode(node);
        if (!State.Absent.Remove(node))
            return Task.CompletedTask;
        State.Missed.Remove(node);
        _engine.Tell(new NodeJoined(RunRules.NodeKey(State.Settings!, _runId, node)));
        return _writer.WriteAsync();
    }

    /// <inheritdoc cref="ITrainingRunGrain.MoveDataAsync"/>
    public async Task MoveDataAsync(string path)
    {
        RequireRun();
        var settings = State.Settings!;
        State.Settings = settings with { Data = settings.Data with { Path = path } };
        await _writer.WriteAsync();
        await AnnounceAsync();
    }

    /// <summary>Where the run is, with the events after a sequence number.</summary>
    public RunProgress Progress(long afterEvent) =>
        RunRules.Progress(State, new WorkAtHand(_engine.Share, _engine.IsAtWork), afterEvent) with
        {
            Waiting = _services.Outages.Current,
        };

    IDisposable? IStageHost<RunPhase>.Begin()
    {
        _host.StayAwake();
        Activity.Current = null; // a reminder or a look may have begun this, and the run is no part of their traces
        return DmkdTelemetry.StartRun(State.Trace, _runId);
    }

    async Task<StageList<RunPhase>> IStageHost<RunPhase>.OpenAsync()
    {
        await _scope.LoadAsync();
        return _scope.Stages();
    }

    string IStageHost<RunPhase>.ErrorOf(RunPhase phase, string reason)
    {
        _scope.FailRounds();
        return reason;
    }

    Task IStageHost<RunPhase>.AnnounceAsync() => AnnounceAsync();

    void IStageHost<RunPhase>.Deactivate() => _host.Deactivate();

    private Task AnnounceAsync() =>
        _host
            .Grains.GetGrain<ILibraryDirectoryGrain>(ILibraryDirectoryGrain.Key)
            .RecordRunAsync(
                new RunSummary
                {
                    RunId = _runId,
                    Library = _runId,
                    Data = State.Settings!.Data,
                    Phase = State.Phase,
                    StartedAt = State.StartedAt,
                    IsStopped = IsStopped,
                }
            );

    private void RequireRun()
    {
        if (State.Settings is null)
            throw new InvalidOperationException($"There is no run {_runId}.");
    }

    private void RequireNode(int node)
    {
        RequireRun();
        int nodes = State.Settings!.Participation.Nodes;
        if (node < 0 || node >= nodes)
            throw new InvalidOperationException($"Run {_runId} has nodes 0 to {nodes - 1}; there is no node {node}.");
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Run {RunId}: stopped in phase {Phase}; it waits to be resumed"
    )]
    private static partial void LogStopped(ILogger logger, string runId, RunPhase phase);
}

/// <summary>What a run stands on: its grain, or an actor of a simulated world.</summary>
internal interface IRunHost : IActorHost
{
    /// <summary>Refuses a kind of device that no silo has.</summary>
    Task RequireAsync(string device);
}

/// <summary>What a run or a preservation stands on.</summary>
internal interface IActorHost
{
    /// <summary>Others.</summary>
    IGrainFactory Grains { get; }

    /// <summary>Has the run woken from now on, also when nobody looks at it.</summary>
    Task SetReminderAsync();

    /// <summary>Ends that.</summary>
    Task ForgetReminderAsync();

    /// <summary>Has the run woken on another silo, since its own is asked to end.</summary>
    void WakeElsewhere();

    /// <summary>Keeps this activation while it works.</summary>
    void StayAwake();

    /// <summary>Ends this activation.</summary>
    void Deactivate();
}
