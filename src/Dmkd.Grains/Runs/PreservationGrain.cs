using Dmkd.Contracts.Preservation;
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

    public PreservationGrain(
        [PersistentState(StorageNames.Preservation, StorageNames.Provider)] IPersistentState<PreservationState> storage,
        PreservationServices services,
        EventLimits limits,
        ILogger<PreservationGrain> logger
    )
    {
        var slot = new PersistentSlot<PreservationState>(storage);
        _preservation = new PreservationRun(this.GetPrimaryKeyString(), slot, services, this, limits, logger);
    }

    IGrainFactory IActorHost.Grains => GrainFactory;

    public Task StartAsync(PreservationRequest request, CancellationToken cancellationToken = default) =>
        _preservation.StartAsync(request);

    public Task ResumeAsync(CancellationToken cancellationToken = default) => _preservation.ResumeAsync();

    public Task MoveDataAsync(string path, CancellationToken cancellationToken = default) =>
        _preservation.MoveDataAsync(path);

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
        _preservation.Activate();
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
