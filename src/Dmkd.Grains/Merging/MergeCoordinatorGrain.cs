using Dmkd.Contracts.Merging;
using Dmkd.Hosting.Storage;
using Dmkd.Hosting.Telemetry;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Merging;

/// <summary>
/// A <see cref="MergeCoordinator"/> as a grain: one call at a time, its state in Orleans' storage, a timer that looks
/// at the deadline.
/// </summary>
internal sealed class MergeCoordinatorGrain : Grain, IMergeCoordinatorGrain
{
    private static readonly TimeSpan TickPeriod = TimeSpan.FromSeconds(1);

    private readonly MergeCoordinator _coordinator;
    private readonly IPersistentState<MergeCoordinatorState> _storage;

    public MergeCoordinatorGrain(
        [PersistentState(StorageNames.MergeCoordinator, StorageNames.Provider)]
            IPersistentState<MergeCoordinatorState> storage,
        IMergeWork work,
        TimeProvider time,
        ILogger<MergeCoordinator> logger,
        DmkdInstruments instruments
    )
    {
        _storage = storage;
        _coordinator = new MergeCoordinator(
            this.GetPrimaryKeyString(),
            new PersistentSlot<MergeCoordinatorState>(storage),
            work,
            new GrainContacts(GrainFactory, this.GetPrimaryKeyString(), time),
            time,
            logger,
            DeactivateOnIdle
        )
        {
            Instruments = instruments,
        };
    }

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        this.RegisterGrainTimer(
            _ => _coordinator.TickAsync(),
            new GrainTimerCreationOptions(TickPeriod, TickPeriod) { KeepAlive = false }
        );
        _coordinator.Start();
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _coordinator.Stop();
        return Task.CompletedTask;
    }

    public Task OpenRoundAsync(MergeRoundPlan plan, CancellationToken cancellationToken = default) =>
        _coordinator.OpenAsync(plan);

    public Task<SubmissionReceipt> SubmitAsync(
        DeltaSubmission submission,
        CancellationToken cancellationToken = default
    ) => _coordinator.SubmitAsync(submission);

    public Task WithdrawAsync(
        string runId,
        int round,
        string nodeId,
        string reason,
        CancellationToken cancellationToken = default
    ) => _coordinator.WithdrawAsync(runId, round, nodeId, reason);

    public async Task RemoveAsync(CancellationToken cancellationToken = default)
    {
        await _coordinator.EndAsync();
        if (_storage.RecordExists)
            await _storage.ClearStateAsync(CancellationToken.None);
        DeactivateOnIdle();
    }

    public Task<MergeRoundStatus> GetRoundAsync(
        string runId,
        int round,
        CancellationToken cancellationToken = default
    ) => Task.FromResult(_coordinator.Status(runId, round));
}
