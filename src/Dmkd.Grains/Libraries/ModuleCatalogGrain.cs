using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Hosting.Storage;

namespace Dmkd.Grains.Libraries;

/// <summary>A <see cref="ModuleCatalog"/> as a grain.</summary>
internal sealed class ModuleCatalogGrain : Grain, IModuleCatalogGrain
{
    private readonly ModuleCatalog _catalog;
    private readonly IPersistentState<ModuleCatalogState> _storage;

    public ModuleCatalogGrain(
        [PersistentState(StorageNames.ModuleCatalog, StorageNames.Provider)]
            IPersistentState<ModuleCatalogState> storage
    )
    {
        _storage = storage;
        var slot = new PersistentSlot<ModuleCatalogState>(storage);
        _catalog = new ModuleCatalog(this.GetPrimaryKeyString(), slot, GrainFactory, DeactivateOnIdle);
    }

    public Task RegisterAsync(string moduleName, CancellationToken cancellationToken = default) =>
        _catalog.RegisterAsync(moduleName);

    public Task<IReadOnlyList<ModuleSnapshot>> ListAsync(CancellationToken cancellationToken = default) =>
        _catalog.ListAsync(cancellationToken);

    public Task<IReadOnlyList<string>> ListNamesAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(_catalog.Names);

    public Task PublishGateAsync(FittedGate gate, CancellationToken cancellationToken = default) =>
        _catalog.PublishGateAsync(gate);

    public async Task<int> RemoveModuleAsync(string moduleName, CancellationToken cancellationToken = default)
    {
        string library = this.GetPrimaryKeyString();
        if (await LibraryUse.ByRunsAsync(GrainFactory, library, exceptRun: null, cancellationToken) is { } run)
            throw new InvalidOperationException(
                $"Run {run} is not over and works with module {ModuleDescriptor.KeyOf(library, moduleName)}; it stays."
            );
        return await _catalog.RemoveModuleAsync(moduleName);
    }

    public async Task<int> RemoveAsync(CancellationToken cancellationToken = default)
    {
        int removed = await _catalog.RemoveModulesAsync();
        if (_storage.RecordExists)
            await _storage.ClearStateAsync(CancellationToken.None);
        DeactivateOnIdle();
        return removed;
    }

    public Task<FittedGate?> GetGateAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(_catalog.Gate);
}

/// <summary>
/// Persists the names of a library's modules, and its fitted gate; asks the modules for the rest. Knows of Orleans only
/// what contracts are, so that tests/Dmkd.Chaos can run it under simulated faults.
/// </summary>
internal sealed class ModuleCatalog(
    string library,
    IStateSlot<ModuleCatalogState> slot,
    IGrainFactory grains,
    Action onBroken
)
{
    private readonly StateWriter<ModuleCatalogState> _writer = new(slot, onBroken);

    /// <summary>What the library's routing was fitted to, or null.</summary>
    public FittedGate? Gate => State.Gate;

    private ModuleCatalogState State => _writer.State;

    /// <summary>Names of the modules in the order they were registered.</summary>
    public IReadOnlyList<string> Names => [.. State.Modules];

    /// <summary>Adds a module by name; a repeat changes nothing.</summary>
    public async Task RegisterAsync(string moduleName)
    {
        if (State.Modules.Contains(moduleName))
            return;
        State.Modules.Add(moduleName);
        await _writer.WriteAsync();
    }

    /// <summary>The modules in the order they were registered.</summary>
    public async Task<IReadOnlyList<ModuleSnapshot>> ListAsync(CancellationToken cancellationToken)
    {
        var snapshots = await Task.WhenAll(
            State.Modules.Select(name =>
                grains
                    .GetGrain<IExpertModuleGrain>(ModuleDescriptor.KeyOf(library, name))
                    .GetSnapshotAsync(cancellationToken)
            )
        );
        return [.. snapshots.OfType<ModuleSnapshot>()];
    }

    /// <summary>
    /// Removes a module, its rounds first; a repeat after a failure goes on. What the routing was fitted to stays: a
    /// gate takes the places of the experts that are left. With the last module it goes.
    /// </summary>
    public async Task<int> RemoveModuleAsync(string moduleName)
    {
        if (!State.Modules.Contains(moduleName))
            return 0;
        int versions = await RemoveStoredAsync(moduleName);
        State.Modules.Remove(moduleName);
        if (State.Modules.Count == 0)
            State.Gate = null; // the library may come again, with a fit of its own
        await _writer.WriteAsync();
        return versions;
    }

    /// <summary>Removes all modules; the catalog itself stays as it is.</summary>
    public async Task<int> RemoveModulesAsync()
    {
        foreach (string name in State.Modules)
            await RemoveStoredAsync(name);
        return State.Modules.Count;
    }

    private async Task<int> RemoveStoredAsync(string moduleName)
    {
        string key = ModuleDescriptor.KeyOf(library, moduleName);
        await grains.GetGrain<IMergeCoordinatorGrain>(key).RemoveAsync();
        return await grains.GetGrain<IExpertModuleGrain>(key).RemoveAsync();
    }

    /// <summary>Sets what the routing was fitted to; an older version is ignored.</summary>
    public async Task PublishGateAsync(FittedGate gate)
    {
        if (State.Gate?.Version > gate.Version)
            return;
        State.Gate = gate;
        await _writer.WriteAsync();
    }
}

/// <summary>Whom a library's modules are for.</summary>
internal static class LibraryUse
{
    /// <summary>A run that is not over and fills the library or takes its experts; null when there is none.</summary>
    public static async Task<string?> ByRunsAsync(
        IGrainFactory grains,
        string library,
        string? exceptRun,
        CancellationToken cancellationToken
    )
    {
        var directory = grains.GetGrain<ILibraryDirectoryGrain>(ILibraryDirectoryGrain.Key);
        var runs = await directory.ListRunsAsync(cancellationToken);
        foreach (var run in runs.Where(run => run.Phase is not RunPhase.Completed && run.RunId != exceptRun))
        {
            if (run.Library == library)
                return run.RunId;
            var settings = await grains.GetGrain<ITrainingRunGrain>(run.RunId).GetSettingsAsync(cancellationToken);
            if (settings?.ExpertsOf == library)
                return run.RunId;
        }

        return null;
    }
}

/// <summary>
/// Names of a library's modules, in the order they were registered, and what its routing was fitted to.
/// </summary>
internal sealed class ModuleCatalogState
{
    public List<string> Modules { get; set; } = [];

    public FittedGate? Gate { get; set; }
}
