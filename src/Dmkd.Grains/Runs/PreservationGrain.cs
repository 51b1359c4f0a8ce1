using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Libraries;
using Dmkd.Grains.Preservation;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Grains.Runs.Stages;
using Dmkd.Hosting.Lifecycle;
using Dmkd.Hosting.Storage;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Runs;

/// <summary>A <see cref="PreservationRun"/> as a grain.</summary>
internal sealed class PreservationGrain : Grain, IPreservationGrain, IActorHost, IRemindable
{
    private static readonly TimeSpan MaxWork = TimeSpan.FromDays(7);

    private readonly PreservationRun _preservation;
    private readonly IPersistentState<PreservationState> _storage;
    private readonly InterruptedRuns _interrupted;

    public PreservationGrain(
        [PersistentState(StorageNames.Preservation, StorageNames.Provider)] IPersistentState<PreservationState> storage,
        PreservationServices services,
        InterruptedRuns interrupted,
        EventLimits limits,
        ILogger<PreservationGrain> logger
    )
    {
        _storage = storage;
        _interrupted = interrupted;
        var slot = new PersistentSlot<PreservationState>(storage);
        _preservation = new PreservationRun(this.GetPrimaryKeyString(), slot, services, this, limits, logger);
    }

    IGrainFactory IActorHost.Grains => GrainFactory;

    public async Task StartAsync(PreservationRequest request, CancellationToken cancellationToken = default)
    {
        await _preservation.StartAsync(request);
        _interrupted.GoOnWith(this.GetPrimaryKeyString());
    }

    public async Task ResumeAsync(CancellationToken cancellationToken = default)
    {
        await _preservation.ResumeAsync();
        _interrupted.GoOnWith(this.GetPrimaryKeyString());
    }

    public Task MoveDataAsync(string path, CancellationToken cancellationToken = default) =>
        _preservation.MoveDataAsync(path);

    public async Task<RemovedRun> RemoveAsync(CancellationToken cancellationToken = default)
    {
        string library = this.GetPrimaryKeyString();
        if (_preservation.State.Request is null)
            return new RemovedRun(0, 0);
        if (_preservation.IsAtWork)
            throw new InvalidOperationException(
                $"Library {library} is being made, in stage {_preservation.State.Stage}; remove it once it is complete."
            );
        if (await LibraryUse.ByRunsAsync(GrainFactory, library, library, cancellationToken) is { } user)
            throw new InvalidOperationException($"Run {user} is not over and takes experts of {library}; it stays.");
        int modules = await GrainFactory.GetGrain<IModuleCatalogGrain>(library).RemoveAsync(CancellationToken.None);
        var directory = GrainFactory.GetGrain<ILibraryDirectoryGrain>(ILibraryDirectoryGrain.Key);
        await directory.ForgetRunAsync(library, CancellationToken.None);
        await GoOnReminder.ForgetAsync(this, ServiceProvider);
        await _storage.ClearStateAsync(CancellationToken.None); // last, so that a repeat knows what is left
        DeactivateOnIdle();
        return new RemovedRun(modules, 0);
    }

    public Task<PreservationRequest?> GetRequestAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(_preservation.State.Request);

    public Task<PreservationProgress> GetProgressAsync(
        long afterEvent,
        CancellationToken cancellationToken = default
    ) => Task.FromResult(_preservation.Progress(afterEvent));

    public Task<PreservationReport?> GetReportAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(_preservation.Report);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _preservation.Activate(_interrupted.GoOn(this.GetPrimaryKeyString()));
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _preservation.End(reason.ReasonCode is DeactivationReasonCode.ShuttingDown);
        return Task.CompletedTask;
    }

    public Task ReceiveReminder(string reminderName, TickStatus status) => _preservation.WakeAsync();

    Task IActorHost.SetReminderAsync() => GoOnReminder.SetAsync(this, ServiceProvider);

    Task IActorHost.ForgetReminderAsync() => GoOnReminder.ForgetAsync(this, ServiceProvider);

    void IActorHost.WakeElsewhere() =>
        GoOnReminder.WakeElsewhere(
            ServiceProvider,
            () => this.AsReference<IPreservationGrain>().GetProgressAsync(long.MaxValue)
        );

    void IActorHost.StayAwake() => DelayDeactivation(MaxWork);

    void IActorHost.Deactivate() => DeactivateOnIdle();
}
