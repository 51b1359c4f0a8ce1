using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Routing;
using Dmkd.Hosting.Storage;

namespace Dmkd.Grains.Libraries;

/// <summary>A <see cref="ModuleCatalog"/> as a grain.</summary>
internal sealed class ModuleCatalogGrain : Grain, IModuleCatalogGrain
{
    private readonly ModuleCatalog _catalog;

    public ModuleCatalogGrain(
        [PersistentState(StorageNames.ModuleCatalog, StorageNames.Provider)]
            IPersistentState<ModuleCatalogState> storage
    )
    {
        var slot = new PersistentSlot<ModuleCatalogState>(storage);
        _catalog = new ModuleCatalog(this.GetPrimaryKeyString(), slot, GrainFactory, DeactivateOnIdle);
    }

    public Task RegisterAsync(string moduleName, CancellationToken cancellationToken = default) =>
        _catalog.RegisterAsync(moduleName);

    public Task<IReadOnlyList<ModuleSnapshot>> ListAsync(CancellationToken cancellationToken = default) =>
        _catalog.ListAsync(cancellationToken);

    public Task PublishGateAsync(FittedGate gate, CancellationToken cancellationToken = default) =>
        _catalog.PublishGateAsync(gate);

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

    /// <summary>Sets what the routing was fitted to; an older version is ignored.</summary>
    public async Task PublishGateAsync(FittedGate gate)
    {
        if (State.Gate?.Version > gate.Version)
            return;
        State.Gate = gate;
        await _writer.WriteAsync();
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
