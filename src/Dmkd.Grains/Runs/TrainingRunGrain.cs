using System.Diagnostics;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Grains.Runs.Rounds;
using Dmkd.Grains.Runs.Stages;
using Dmkd.Hosting.Lifecycle;
using Dmkd.Hosting.Placement;
using Dmkd.Hosting.Storage;
using Dmkd.Hosting.Telemetry;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Runs;

/// <summary>
/// Keeps a run's cursor over its <see cref="RunScope.Stages">stages</see>: starts, resumes, stops and reports. Goes on
/// when it is looked at or a reminder wakes it, and has itself woken elsewhere when its silo ends.
/// </summary>
internal sealed partial class TrainingRunGrain(
    [PersistentState(StorageNames.TrainingRun, StorageNames.Provider)] IPersistentState<TrainingRunState> storage,
    StageServices services,
    ClusterDevices clusterDevices,
    InterruptedRuns interrupted,
    EventLimits limits,
    ILogger<TrainingRunGrain> logger
) : Grain, ITrainingRunGrain, IStageHost<RunPhase>, IRemindable
{
    private static readonly TimeSpan MaxRun = TimeSpan.FromDays(7);

    string IStageHost<RunPhase>.Name => RunId;

    RunPhase IStageHost<RunPhase>.Completed => RunPhase.Completed;

    RunPhase IStageHost<RunPhase>.Failed => RunPhase.Failed;

    private StateWriter<TrainingRunState> Writer =>
        field ??= new(new PersistentSlot<TrainingRunState>(storage), DeactivateOnIdle);

    private StageEngine<TrainingRunState, RunPhase> Engine =>
        field ??= new(Writer, this, limits, services.Devices.Instruments, services.Time, logger);

    private RunScope Run =>
        field ??= new()
        {
            RunId = RunId,
            Engine = Engine,
            Grains = GrainFactory,
            Services = services,
            Logger = logger,
        };

    private TrainingRunState State => Writer.State;

    private string RunId => this.GetPrimaryKeyString();

    private bool IsUnderWay => RunRules.IsUnderWay(State);

    public async Task StartAsync(RunSettings settings, CancellationToken cancellationToken = default)
    {
        if (State.Settings is { } known)
        {
            if (known != settings)
                throw new InvalidOperationException(
                    $"Run {RunId} exists with other settings; resume it, or start one with another id."
                );
            await ResumeAsync(cancellationToken);
            return;
        }

        RunSettingsRules.Check(settings);
        await clusterDevices.RequireAsync(settings.Device);
        if (settings.ExpertsOf is { } source)
            await new TakenExperts(GrainFactory).RequireAsync(source, settings);
        await GoOnReminder.SetAsync(this, ServiceProvider);
        State.Settings = settings;
        State.Trace = Activity.Current?.Id;
        State.StartedAt = services.Time.GetUtcNow();
        State.Phase = Run.Stages().First;
        await Writer.WriteAsync();
        await AnnounceAsync();
        Engine.Start();
    }

    public async Task ResumeAsync(CancellationToken cancellationToken = default)
    {
        RequireRun();
        if (State.Phase is RunPhase.Failed)
        {
            await Engine.ForgetFailureAsync(RunRules.ResumesIn);
            State.Attempts = 0;
        }

        if (State.Phase is RunPhase.Completed)
            return;
        await GoOnReminder.SetAsync(this, ServiceProvider);
        if (State.IsStopped)
        {
            State.IsStopped = false;
            await Writer.WriteAsync();
            await AnnounceAsync();
        }

        Engine.Start();
    }

    public async Task MoveDataAsync(string path, CancellationToken cancellationToken = default)
    {
        RequireRun();
        var settings = State.Settings!;
        State.Settings = settings with { Data = settings.Data with { Path = path } };
        await Writer.WriteAsync();
        await AnnounceAsync();
    }

    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        RequireRun();
        if (!IsUnderWay)
            return;
        State.IsStopped = true;
        await Writer.WriteAsync();
        LogStopped(logger, RunId, State.Phase);
        await AnnounceAsync();
        await GoOnReminder.ForgetAsync(this, ServiceProvider);
        DeactivateOnIdle(); // ends the work at hand; the next activation finds the run stopped
    }

    public Task LeaveAsync(int node, CancellationToken cancellationToken = default)
    {
        RequireNode(node);
        if (!State.Absent.Add(node))
            return Task.CompletedTask;
        Engine.Tell(new NodeLeft(RunRules.NodeKey(RunId, node, State.Settings!.Device)));
        return Writer.WriteAsync();
    }

    public Task JoinAsync(int node, CancellationToken cancellationToken = default)
    {
        RequireNode(node);
        if (!State.Absent.Remove(node))
            return Task.CompletedTask;
        State.Missed.Remove(node);
        Engine.Tell(new NodeJoined(RunRules.NodeKey(RunId, node, State.Settings!.Device)));
        return Writer.WriteAsync();
    }

    public Task<RunSettings?> GetSettingsAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(State.Settings);

    public Task<IReadOnlyList<RunNode>> ListNodesAsync(CancellationToken cancellationToken = default) =>
        State.Settings is null
            ? Task.FromResult<IReadOnlyList<RunNode>>([])
            : new RunNodes(GrainFactory, clusterDevices, services.Time).ListAsync(State, RunId);

    public Task<RunProgress> GetProgressAsync(long afterEvent, CancellationToken cancellationToken = default) =>
        Task.FromResult(
            RunRules.Progress(State, new RunWork(Engine.Share, Engine.IsAtWork), afterEvent) with
            {
                Waiting = services.Outages.Current,
            }
        );

    public Task<RunReport?> GetReportAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(RunRules.Report(State, RunId));

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // A run whose silo died goes on wherever it is looked at next.
        if (IsUnderWay && interrupted.ResumeOnAccess)
            Engine.Start();
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        Run.EndRounds();
        bool isSiloEnding = reason.ReasonCode is DeactivationReasonCode.ShuttingDown;
        if (isSiloEnding && !Engine.IsBroken && IsUnderWay)
            GoOnReminder.WakeElsewhere(this, ServiceProvider);
        return Engine.StopAsync();
    }

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (IsUnderWay)
            Engine.Start(); // being activated did it already
        else
            await GoOnReminder.ForgetAsync(this, ServiceProvider);
    }

    IDisposable? IStageHost<RunPhase>.Begin()
    {
        DelayDeactivation(MaxRun);
        Activity.Current = null; // a reminder or a look may have begun this, and the run is no part of their traces
        return DmkdTelemetry.StartRun(State.Trace, RunId);
    }

    async Task<StageList<RunPhase>> IStageHost<RunPhase>.OpenAsync()
    {
        await Run.LoadAsync();
        return Run.Stages();
    }

    string IStageHost<RunPhase>.ErrorOf(RunPhase phase, string reason)
    {
        Run.FailRounds();
        return reason;
    }

    Task IStageHost<RunPhase>.AnnounceAsync() => AnnounceAsync();

    void IStageHost<RunPhase>.Deactivate() => DeactivateOnIdle();

    private Task AnnounceAsync() =>
        GrainFactory
            .GetGrain<ILibraryDirectoryGrain>(ILibraryDirectoryGrain.Key)
            .RecordRunAsync(
                new RunSummary
                {
                    RunId = RunId,
                    Library = RunId,
                    Data = State.Settings!.Data,
                    Phase = State.Phase,
                    StartedAt = State.StartedAt,
                    IsStopped = State.IsStopped,
                }
            );

    private void RequireRun()
    {
        if (State.Settings is null)
            throw new InvalidOperationException($"There is no run {RunId}.");
    }

    private void RequireNode(int node)
    {
        RequireRun();
        int nodes = State.Settings!.Participation.Nodes;
        if (node < 0 || node >= nodes)
            throw new InvalidOperationException($"Run {RunId} has nodes 0 to {nodes - 1}; there is no node {node}.");
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Run {RunId}: stopped in phase {Phase}; it waits to be resumed"
    )]
    private static partial void LogStopped(ILogger logger, string runId, RunPhase phase);
}

/// <summary>What a silo does with runs whose silo ended.</summary>
/// <param name="ResumeOnAccess">Whether such a run goes on as soon as anybody looks at it; else it waits to be resumed.
/// A console that only looks must not train.</param>
public sealed record InterruptedRuns(bool ResumeOnAccess = true);
