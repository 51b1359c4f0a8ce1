using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Hosting.Placement;
using Dmkd.Hosting.Storage;
using Dmkd.Hosting.Telemetry;
using Microsoft.Extensions.Logging;
using Orleans.Placement;

namespace Dmkd.Grains.Nodes;

/// <summary>A <see cref="NodeParticipant"/> as a grain, with what it measures on its data for others.</summary>
[DeviceNeed, RoundRobin, Immovable]
internal sealed class NodeGrain : Grain, INodeGrain, INodeContacts
{
    private static readonly TimeSpan MaxUpdateTime = TimeSpan.FromHours(6);

    private readonly NodeParticipant _participant;
    private readonly NodeMeasurements _measurements;
    private readonly IPersistentState<NodeState> _storage;

    public NodeGrain(
        [PersistentState(StorageNames.Node, StorageNames.Provider)] IPersistentState<NodeState> storage,
        INodeWork work,
        NodeMeasurements measurements,
        IWeightStore weights,
        TimeProvider time,
        ILogger<NodeParticipant> logger,
        DmkdInstruments instruments
    )
    {
        _measurements = measurements;
        _storage = storage;
        _participant = new NodeParticipant(
            this.GetPrimaryKeyString(),
            new PersistentSlot<NodeState>(storage),
            work,
            weights,
            this,
            time,
            logger,
            DeactivateOnIdle
        )
        {
            Instruments = instruments,
        };
    }

    public Task StartLocalUpdateAsync(LocalUpdateRequest request, CancellationToken cancellationToken = default)
    {
        if (_participant.Start(request))
            DelayDeactivation(MaxUpdateTime);
        return Task.CompletedTask;
    }

    public Task<LocalUpdateStatus> GetLocalUpdateAsync(string workKey, CancellationToken cancellationToken = default) =>
        Task.FromResult(_participant.Status(workKey));

    public async Task<ProbeReport> ProbeAsync(ProbeRequest request, CancellationToken cancellationToken = default)
    {
        try
        {
            var held = _participant.HeldOf(request.Settings, request.Module);
            return await _measurements.ProbeAsync(request, held, cancellationToken);
        }
        catch (Exception e)
            when (e is ObjectDisposedException or OperationCanceledException
                && !cancellationToken.IsCancellationRequested
            )
        {
            // Nobody gave up: this silo ends, and the next activation can be asked.
            throw new OrleansException($"The silo of {this.GetPrimaryKeyString()} ends; ask again.");
        }
    }

    public async Task<bool> RemoveAsync(CancellationToken cancellationToken = default)
    {
        bool isStored = _storage.RecordExists;
        if (isStored)
            await _storage.ClearStateAsync(CancellationToken.None);
        DeactivateOnIdle(); // ends the work at hand
        return isStored;
    }

    IMergeCoordinatorGrain INodeContacts.CoordinatorOf(string moduleKey) =>
        GrainFactory.GetGrain<IMergeCoordinatorGrain>(moduleKey);

    Task<IReadOnlyList<ModuleVersion>> INodeContacts.HistoryAsync(string moduleKey, int upTo) =>
        GrainFactory.GetGrain<IExpertModuleGrain>(moduleKey).GetHistoryUpToAsync(upTo);

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _participant.Dispose();
        return Task.CompletedTask;
    }
}
