using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Routing;
using Dmkd.Hosting.Storage;

namespace Dmkd.Grains.Libraries;

/// <summary>Persists the names of a library's modules, and its fitted gate; asks the modules for the rest.</summary>
internal sealed class ModuleCatalogGrain(
    [PersistentState(StorageNames.ModuleCatalog, StorageNames.Provider)] IPersistentState<ModuleCatalogState> storage
) : Grain, IModuleCatalogGrain
{
    public async Task RegisterAsync(string moduleName, CancellationToken cancellationToken = default)
    {
        if (storage.State.Modules.Contains(moduleName))
            return;
        storage.State.Modules.Add(moduleName);
        await storage.WriteStateAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<ModuleSnapshot>> ListAsync(CancellationToken cancellationToken = default)
    {
        string library = this.GetPrimaryKeyString();
        var snapshots = await Task.WhenAll(
            storage.State.Modules.Select(name =>
                GrainFactory
                    .GetGrain<IExpertModuleGrain>(ModuleDescriptor.KeyOf(library, name))
                    .GetSnapshotAsync(cancellationToken)
            )
        );
        return [.. snapshots.OfType<ModuleSnapshot>()];
    }

    public async Task PublishGateAsync(FittedGate gate, CancellationToken cancellationToken = default)
    {
        if (storage.State.Gate?.Version > gate.Version)
            return;
        storage.State.Gate = gate;
        await storage.WriteStateAsync(cancellationToken);
    }

    public Task<FittedGate?> GetGateAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(storage.State.Gate);
}

/// <summary>
/// Names of a library's modules, in the order they were registered, and what its routing was fitted to.
/// </summary>
internal sealed class ModuleCatalogState
{
    public List<string> Modules { get; set; } = [];

    public FittedGate? Gate { get; set; }
}
