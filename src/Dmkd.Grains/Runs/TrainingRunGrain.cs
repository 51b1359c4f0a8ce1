using System.Collections.Concurrent;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Grains.Libraries;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Grains.Runs.Rounds;
using Dmkd.Grains.Runs.Stages;
using Dmkd.Hosting.Lifecycle;
using Dmkd.Hosting.Placement;
using Dmkd.Hosting.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Runs;

/// <summary>A <see cref="TrainingRun"/> as a grain.</summary>
internal sealed class TrainingRunGrain : Grain, ITrainingRunGrain, IRunHost, IRemindable
{
    private static readonly TimeSpan MaxRun = TimeSpan.FromDays(7);

    /// <summary>How long a removal waits for nodes that finish what they began.</summary>
    private static readonly TimeSpan MaxFinishing = TimeSpan.FromSeconds(5);

    private readonly TrainingRun _run;
    private readonly IPersistentState<TrainingRunState> _storage;
    private readonly StageServices _services;
    private readonly ClusterDevices _devices;
    private readonly InterruptedRuns _interrupted;

    public TrainingRunGrain(
        [PersistentState(StorageNames.TrainingRun, StorageNames.Provider)] IPersistentState<TrainingRunState> storage,
        StageServices services,
        ClusterDevices devices,
        InterruptedRuns interrupted,
        EventLimits limits,
        ILogger<TrainingRunGrain> logger
    )
    {
        _storage = storage;
        _services = services;
        _devices = devices;
        _interrupted = interrupted;
        var slot = new PersistentSlot<TrainingRunState>(storage);
        _run = new TrainingRun(this.GetPrimaryKeyString(), slot, services, this, limits, logger);
    }

    IGrainFactory IActorHost.Grains => GrainFactory;

    private RunNodes Nodes => new(GrainFactory, _devices, _services.Time);

    public async Task StartAsync(RunSettings settings, CancellationToken cancellationToken = default)
    {
        await _run.StartAsync(settings);
        _interrupted.GoOnWith(this.GetPrimaryKeyString());
    }

    public async Task<int> LearnAsync(Lesson lesson, CancellationToken cancellationToken = default)
    {
        int before = await _run.LearnAsync(lesson);
        _interrupted.GoOnWith(this.GetPrimaryKeyString());
        return before;
    }

    public async Task ResumeAsync(CancellationToken cancellationToken = default)
    {
        await _run.ResumeAsync();
        _interrupted.GoOnWith(this.GetPrimaryKeyString());
    }

    public Task MoveDataAsync(string path, CancellationToken cancellationToken = default) => _run.MoveDataAsync(path);

    public Task StopAsync(CancellationToken cancellationToken = default) => _run.StopAsync();

    public Task LeaveAsync(int node, CancellationToken cancellationToken = default) => _run.LeaveAsync(node);

    public Task JoinAsync(int node, CancellationToken cancellationToken = default) => _run.JoinAsync(node);

    public async Task<RemovedRun> RemoveAsync(CancellationToken cancellationToken = default)
    {
        if (_run.State.Settings is not { } settings)
            return new RemovedRun(0, 0);
        string id = this.GetPrimaryKeyString();
        if (_run.IsAtWork)
            throw new InvalidOperationException($"Run {id} is at work; stop it first: dmkd runs stop {id}");
        if (await LibraryUse.ByRunsAsync(GrainFactory, id, exceptRun: id, cancellationToken) is { } user)
            throw new InvalidOperationException($"Run {user} is not over and takes experts of run {id}; it stays.");
        var finishing = await Nodes.FinishingAsync(_run.State, id, MaxFinishing, cancellationToken);
        if (finishing.Count > 0)
            throw new InvalidOperationException(
                $"Run {id} is stopped, but {string.Join(", ", finishing)} still finishes the last update; try again "
                    + "when it is done."
            );
        int nodes = 0;
        var own = settings.Library is null ? Enumerable.Range(0, settings.Participation.Nodes) : []; // parties' nodes stay
        foreach (string node in RunRules.NodeKeys(settings, id, own))
        {
            bool wasStored = await GrainFactory.GetGrain<INodeGrain>(node).RemoveAsync(CancellationToken.None);
            nodes += wasStored ? 1 : 0;
        }

        int modules = await GrainFactory.GetGrain<IModuleCatalogGrain>(id).RemoveAsync(CancellationToken.None);
        var directory = GrainFactory.GetGrain<ILibraryDirectoryGrain>(ILibraryDirectoryGrain.Key);
        await directory.ForgetRunAsync(id, CancellationToken.None);
        await GoOnReminder.ForgetAsync(this, ServiceProvider);
        await _storage.ClearStateAsync(CancellationToken.None); // last, so that a repeat knows what is left
        DeactivateOnIdle();
        return new RemovedRun(modules, nodes);
    }

    public Task<RunSettings?> GetSettingsAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(_run.State.Settings);

    public Task<IReadOnlyList<RunNode>> ListNodesAsync(CancellationToken cancellationToken = default) =>
        _run.State.Settings is null
            ? Task.FromResult<IReadOnlyList<RunNode>>([])
            : Nodes.ListAsync(_run.State, this.GetPrimaryKeyString());

    public Task<RunProgress> GetProgressAsync(long afterEvent, CancellationToken cancellationToken = default) =>
        Task.FromResult(_run.Progress(afterEvent));

    public Task<RunReport?> GetReportAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(_run.Report);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _run.Activate(_interrupted.GoOn(this.GetPrimaryKeyString()));
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _run.End(reason.ReasonCode is DeactivationReasonCode.ShuttingDown);
        return Task.CompletedTask;
    }

    public Task ReceiveReminder(string reminderName, TickStatus status) => _run.WakeAsync();

    Task IRunHost.RequireAsync(string device) => _devices.RequireAsync(device);

    Task IActorHost.SetReminderAsync() => GoOnReminder.SetAsync(this, ServiceProvider);

    Task IActorHost.ForgetReminderAsync() => GoOnReminder.ForgetAsync(this, ServiceProvider);

    void IActorHost.WakeElsewhere() =>
        GoOnReminder.WakeElsewhere(
            ServiceProvider,
            () => this.AsReference<ITrainingRunGrain>().GetProgressAsync(long.MaxValue)
        );

    void IActorHost.StayAwake() => DelayDeactivation(MaxRun);

    void IActorHost.Deactivate() => DeactivateOnIdle();
}

/// <summary>What a silo does with runs whose activation ended before they did. Thread-safe.</summary>
/// <param name="resumeOnAccess">Whether such a run goes on as soon as anybody looks at it; else it waits to be resumed.
/// A console that only looks must not train.</param>
public sealed class InterruptedRuns(bool resumeOnAccess = true)
{
    private readonly ConcurrentDictionary<string, bool> _wanted = new(StringComparer.Ordinal);

    /// <summary>Whether a run goes on by being looked at.</summary>
    internal bool GoOn(string runId) => resumeOnAccess || _wanted.ContainsKey(runId);

    /// <summary>
    /// Somebody started or resumed a run here: from now on it goes on, also when its activation ends because its state
    /// could not be stored for a moment.
    /// </summary>
    internal void GoOnWith(string runId) => _wanted[runId] = true;
}

/// <summary>
/// Goes on with what was interrupted when a silo of its own starts: it has no reminders, and nobody may look.
/// </summary>
internal sealed partial class InterruptedWork(IGrainFactory grains, TimeProvider time, ILogger<InterruptedWork> logger)
    : BackgroundService
{
    private static readonly RetryLimits Limits = new(TimeSpan.FromSeconds(1)) { MaxRetries = 10 };

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var calls = Resilience.TransientCall(time, Limits);
        var directory = grains.GetGrain<ILibraryDirectoryGrain>(ILibraryDirectoryGrain.Key);
        foreach (var run in await calls.AskAsync(() => directory.ListRunsAsync(stoppingToken), stoppingToken))
        {
            if (run.IsStopped || run.Phase is RunPhase.Completed or RunPhase.Failed)
                continue;
            try
            {
                await calls.DoAsync(() => LookAtAsync(run.RunId, stoppingToken), stoppingToken);
                LogGoesOn(logger, run.RunId, run.Phase);
            }
#pragma warning disable CA1031 // one that cannot be read must not keep the others
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                LogStays(logger, run.RunId, e.Message.Split('\n', 2)[0].Trim());
            }
        }
    }

    /// <summary>To be looked at is enough: an activation goes on.</summary>
    private async Task LookAtAsync(string id, CancellationToken cancellationToken)
    {
        if (await grains.GetGrain<ITrainingRunGrain>(id).GetSettingsAsync(cancellationToken) is null)
            await grains.GetGrain<IPreservationGrain>(id).GetProgressAsync(long.MaxValue, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Run {RunId}: goes on in phase {Phase}")]
    private static partial void LogGoesOn(ILogger logger, string runId, RunPhase phase);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Run {RunId}: does not go on: {Problem}")]
    private static partial void LogStays(ILogger logger, string runId, string problem);
}
