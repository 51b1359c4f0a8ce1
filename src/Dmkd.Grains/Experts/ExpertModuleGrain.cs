using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Library;
using Dmkd.Grains.Storage;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Experts;

/// <summary>An expert module: persists its version chain and entropy statistics.</summary>
internal sealed partial class ExpertModuleGrain(
    [PersistentState(StorageNames.ExpertModule, StorageNames.Provider)] IPersistentState<ExpertModuleState> storage,
    ILogger<ExpertModuleGrain> logger) : Grain, IExpertModuleGrain
{
    public async Task CreateAsync(ModuleDescriptor descriptor, ModuleVersion first, CancellationToken cancellationToken = default)
    {
        if (ExpertModuleRules.Creates(storage.State, descriptor, first))
        {
            storage.State.Descriptor = descriptor;
            storage.State.Versions = [first];
            await storage.WriteStateAsync(cancellationToken);
            LogCreated(logger, descriptor.Key, first.Digest);
        }

        // Also on a repeat: a crash between the write above and this call must not leave the module out of its catalog.
        await GrainFactory.GetGrain<IModuleCatalogGrain>(descriptor.Library).RegisterAsync(descriptor.Name, cancellationToken);
    }

    public async Task PublishAsync(ModuleVersion version, CancellationToken cancellationToken = default)
    {
        if (!ExpertModuleRules.Extends(storage.State, this.GetPrimaryKeyString(), version)) return;
        storage.State.Versions.Add(version);
        await storage.WriteStateAsync(cancellationToken);
        LogPublished(logger, this.GetPrimaryKeyString(), version.Number, version.Digest, version.Contributions.Length);
    }

    public async Task RecordSpecializationAsync(ModuleSpecialization specialization, CancellationToken cancellationToken = default)
    {
        if (storage.State.Specialization is { } known && known.VersionNumber > specialization.VersionNumber) return;
        storage.State.Specialization = specialization;
        await storage.WriteStateAsync(cancellationToken);
    }

    public Task<ModuleSnapshot?> GetSnapshotAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(ExpertModuleRules.Snapshot(storage.State));

    public Task<IReadOnlyList<ModuleVersion>> GetHistoryAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<ModuleVersion>>([.. storage.State.Versions]);
}
