using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Routing;
using Dmkd.Hosting.Storage;

namespace Dmkd.Grains.Libraries;

/// <summary>Persists the names of a library's modules, and its fitted gate; asks the modules for the rest.</summary>
internal sealed class ModuleCatalogGrain : Grain, IModuleCatalogGrain
{
    private readonly StateWriter<ModuleCatalogState> _writer;

    public ModuleCatalogGrain(
        [PersistentState(StorageNames.ModuleCatalog, StorageNames.Provider)]
            IPersistentState<ModuleCatalogState> storage
    ) => _writer = new(new PersistentSlot<ModuleCatalogState>(storage), DeactivateOnIdle);

    private ModuleCatalogState State => _writer.State;

    public async Task RegisterAsync(string moduleName, CancellationToken cancellationToken = default)
    {
        if (State.Modules.Contains(moduleName))
            return;
        State.Modules.Add(moduleName);
        await _writer.WriteAsync();
    }

    public async Task<IReadOnlyList<ModuleSnapshot>> ListAsync(CancellationToken cancellationToken = default)
    {
        string library = this.GetPrimaryKeyString();
        var snapshots = await Task.WhenAll(
            State.Modules.Select(name =>
                GrainFactory
                    .GetGrain<IExpertModuleGrain>(ModuleDescriptor.KeyOf(library, name))
                    .GetSnapshotAsync(cancellationToken)
            )
        );
        return [.. snapshots.OfType<ModuleSnapshot>()];
    }

    public async Task PublishGateAsync(FittedGate gate, CancellationToken cancellationToken = default)
    {
        if (State.Gate?.Version > gate.Version)
            return;
        State.Gate = gate;
        await _writer.WriteAsync();
    }

    public Task<FittedGate?> GetGateAsync(CancellationToken cancellationToken = default) => Task.FromResult(State.Gate);
}

/// <summary>
/// Names of a library's modules, in the order they were registered, and what its routing was fitted to.
/// </summary>
internal sealed class ModuleCatalogState
{
    public List<string> Modules { get; set; } = [];

    public FittedGate? Gate { get; set; }
}
