using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Grains.Libraries;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Grains.Runs.Rounds;
using Dmkd.Grains.Runs.Stages;
using Dmkd.Hosting.Lifecycle;
using Dmkd.Hosting.Placement;
using Dmkd.Hosting.Storage;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Runs;

/// <summary>A <see cref="TrainingRun"/> as a grain.</summary>
internal sealed class TrainingRunGrain : Grain, ITrainingRunGrain, IRunHost, IRemindable
{
    private static readonly TimeSpan MaxRun = TimeSpan.FromDays(7);

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

    IGrainFactory IRunHost.Grains => GrainFactory;

    public Task StartAsync(RunSettings settings, CancellationToken cancellationToken = default) =>
        _run.StartAsync(settings);

    public Task ResumeAsync(CancellationToken cancellationToken = default) => _run.ResumeAsync();

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
        int nodes = 0;
        foreach (
            string node in RunRules.NodeKeys(id, Enumerable.Range(0, settings.Participation.Nodes), settings.Device)
        )
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
            : new RunNodes(GrainFactory, _devices, _services.Time).ListAsync(_run.State, this.GetPrimaryKeyString());

    public Task<RunProgress> GetProgressAsync(long afterEvent, CancellationToken cancellationToken = default) =>
        Task.FromResult(_run.Progress(afterEvent));

    public Task<RunReport?> GetReportAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(_run.Report);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _run.Activate(_interrupted.ResumeOnAccess);
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _run.End(reason.ReasonCode is DeactivationReasonCode.ShuttingDown);
        return Task.CompletedTask;
    }

    public Task ReceiveReminder(string reminderName, TickStatus status) => _run.WakeAsync();

    Task IRunHost.RequireAsync(string device) => _devices.RequireAsync(device);

    Task IRunHost.SetReminderAsync() => GoOnReminder.SetAsync(this, ServiceProvider);

    Task IRunHost.ForgetReminderAsync() => GoOnReminder.ForgetAsync(this, ServiceProvider);

    void IRunHost.WakeElsewhere() => GoOnReminder.WakeElsewhere(this, ServiceProvider);

    void IRunHost.StayAwake() => DelayDeactivation(MaxRun);

    void IRunHost.Deactivate() => DeactivateOnIdle();
}

/// <summary>What a silo does with runs whose silo ended.</summary>
/// <param name="ResumeOnAccess">Whether such a run goes on as soon as anybody looks at it; else it waits to be resumed.
/// A console that only looks must not train.</param>
public sealed record InterruptedRuns(bool ResumeOnAccess = true);
