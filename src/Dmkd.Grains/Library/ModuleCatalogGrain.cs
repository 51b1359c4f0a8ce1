using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Library;
using Dmkd.Grains.Storage;

namespace Dmkd.Grains.Library;

/// <summary>Persists the names of a library's modules and asks the modules for the rest.</summary>
internal sealed class ModuleCatalogGrain(
    [PersistentState(StorageNames.ModuleCatalog, StorageNames.Provider)] IPersistentState<ModuleCatalogState> storage)
    : Grain, IModuleCatalogGrain
{
    public async Task RegisterAsync(string moduleName, CancellationToken cancellationToken = default)
    {
        if (storage.State.Modules.Contains(moduleName)) return;
        storage.State.Modules.Add(moduleName);
        await storage.WriteStateAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<ModuleSnapshot>> ListAsync(CancellationToken cancellationToken = default)
    {
        string library = this.GetPrimaryKeyString();
        var snapshots = await Task.WhenAll(storage.State.Modules.Select(
            name => GrainFactory.GetGrain<IExpertModuleGrain>(ModuleDescriptor.KeyOf(library, name)).GetSnapshotAsync(cancellationToken)));
        return [.. snapshots.OfType<ModuleSnapshot>()];
    }
}
