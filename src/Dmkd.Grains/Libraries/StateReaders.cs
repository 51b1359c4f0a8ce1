using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Grains.Experts;
using Dmkd.Grains.Runs.Rounds;
using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Storage;

namespace Dmkd.Grains.Libraries;

/// <summary>What runs and modules have reached, as their grains tell it, for whoever only looks.</summary>
public interface IStateReader
{
    /// <inheritdoc cref="ILibraryDirectoryGrain.ListRunsAsync"/>
    Task<IReadOnlyList<RunSummary>> ListRunsAsync(CancellationToken cancellationToken);

    /// <inheritdoc cref="ITrainingRunGrain.GetSettingsAsync"/>
    Task<RunSettings?> GetSettingsAsync(string runId, CancellationToken cancellationToken);

    /// <inheritdoc cref="ITrainingRunGrain.GetProgressAsync"/>
    Task<RunProgress> GetProgressAsync(string runId, long afterEvent, CancellationToken cancellationToken);

    /// <inheritdoc cref="ITrainingRunGrain.GetReportAsync"/>
    Task<RunReport?> GetReportAsync(string runId, CancellationToken cancellationToken);

    /// <inheritdoc cref="ITrainingRunGrain.ListNodesAsync"/>
    Task<IReadOnlyList<RunNode>> ListNodesAsync(string runId, CancellationToken cancellationToken);

    /// <inheritdoc cref="IModuleCatalogGrain.ListAsync"/>
    Task<IReadOnlyList<ModuleSnapshot>> ListModulesAsync(string library, CancellationToken cancellationToken);

    /// <summary>The same, with the modules that cannot be read: where a look tells them from the others.</summary>
    async Task<IReadOnlyList<ListedModule>> LookThroughAsync(string library, CancellationToken cancellationToken)
    {
        var modules = await ListModulesAsync(library, cancellationToken);
        return [.. modules.Select(module => new ListedModule(module.Descriptor.Name, module, Problem: null))];
    }

    /// <inheritdoc cref="IModuleCatalogGrain.GetGateAsync"/>
    Task<FittedGate?> GetGateAsync(string library, CancellationToken cancellationToken);

    /// <inheritdoc cref="IExpertModuleGrain.GetHistoryAsync"/>
    Task<IReadOnlyList<ModuleVersion>> GetHistoryAsync(string moduleKey, CancellationToken cancellationToken);
}

/// <summary>A module that a library names.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Snapshot">The module; null when it cannot be read.</param>
/// <param name="Problem">Why it cannot be read: row and cause; null when it can.</param>
public sealed record ListedModule(string Name, ModuleSnapshot? Snapshot, string? Problem);

/// <summary>
/// Reads a folder's rows without a silo (docs/adr/0031). Every row is one grain's state after one of its writes, and
/// what is made of it are the functions by which the grains answer. What only a silo knows, it does not tell: how far a
/// phase is, and what nodes are at.
/// </summary>
public sealed class StoredStateReader : IStateReader
{
    private readonly StoredState _rows;
    private readonly bool _isHeld;

    private StoredStateReader(StoredState rows, bool isHeld) => (_rows, _isHeld) = (rows, isHeld);

    /// <summary>Opens a folder.</summary>
    /// <param name="folder">A folder with a database in it; a read-only one will do.</param>
    /// <param name="isHeld">Whether another process holds the folder: it is taken to be at work on what is not
    /// over.</param>
    /// <param name="cancellationToken">Ends the opening.</param>
    /// <exception cref="InvalidOperationException">The database was written by a newer program.</exception>
    public static async Task<StoredStateReader> OpenAsync(
        SiloStorageOptions folder,
        bool isHeld,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(folder);
        var rows = await StoredState.OpenAsync(
            folder.DatabasePath,
            DmkdClientBuilderExtensions.ServiceId,
            cancellationToken
        );
        return new StoredStateReader(rows, isHeld);
    }

    public async Task<IReadOnlyList<RunSummary>> ListRunsAsync(CancellationToken cancellationToken)
    {
        var directory = await _rows.ReadAsync<LibraryDirectoryState>(
            StorageNames.LibraryDirectory,
            ILibraryDirectoryGrain.Key
        );
        return directory.Runs;
    }

    public async Task<RunSettings?> GetSettingsAsync(string runId, CancellationToken cancellationToken) =>
        (await RunAsync(runId)).Settings;

    public async Task<RunProgress> GetProgressAsync(string runId, long afterEvent, CancellationToken cancellationToken)
    {
        var state = await RunAsync(runId);
        var work = new WorkAtHand(Share: 0, IsAtWork: _isHeld && RunRules.IsUnderWay(state));
        return RunRules.Progress(state, work, afterEvent);
    }

    public async Task<RunReport?> GetReportAsync(string runId, CancellationToken cancellationToken) =>
        RunRules.Report(await RunAsync(runId), runId);

    public async Task<IReadOnlyList<RunNode>> ListNodesAsync(string runId, CancellationToken cancellationToken)
    {
        var state = await RunAsync(runId);
        return state.Settings is null ? [] : RunNodes.AtRest(state, runId);
    }

    public async Task<IReadOnlyList<ModuleSnapshot>> ListModulesAsync(
        string library,
        CancellationToken cancellationToken
    )
    {
        var modules = new List<ModuleSnapshot>();
        foreach (string name in (await CatalogAsync(library)).Modules)
        {
            var module = await ModuleAsync(ModuleDescriptor.KeyOf(library, name));
            if (module.Snapshot is { } snapshot)
                modules.Add(snapshot);
        }

        return modules;
    }

    public async Task<IReadOnlyList<ListedModule>> LookThroughAsync(string library, CancellationToken cancellationToken)
    {
        var listed = new List<ListedModule>();
        foreach (string name in (await CatalogAsync(library)).Modules)
        {
            try
            {
                var module = await ModuleAsync(ModuleDescriptor.KeyOf(library, name));
                if (module.Snapshot is { } snapshot)
                    listed.Add(new ListedModule(name, snapshot, Problem: null));
            }
            catch (StoredStateException e)
            {
                listed.Add(new ListedModule(name, Snapshot: null, e.Message));
            }
        }

        return listed;
    }

    public async Task<FittedGate?> GetGateAsync(string library, CancellationToken cancellationToken) =>
        (await CatalogAsync(library)).Gate;

    public async Task<IReadOnlyList<ModuleVersion>> GetHistoryAsync(
        string moduleKey,
        CancellationToken cancellationToken
    ) => (await ModuleAsync(moduleKey)).History;

    private Task<TrainingRunState> RunAsync(string runId) =>
        _rows.ReadAsync<TrainingRunState>(StorageNames.TrainingRun, runId);

    private Task<ModuleCatalogState> CatalogAsync(string library) =>
        _rows.ReadAsync<ModuleCatalogState>(StorageNames.ModuleCatalog, library);

    private async Task<ExpertModule> ModuleAsync(string key)
    {
        var state = await _rows.ReadAsync<ExpertModuleState>(StorageNames.ExpertModule, key);
        var module = new ExpertModule(key, new ReadSlot<ExpertModuleState>(state), grains: null, onBroken: () => { });
        module.Start();
        return module;
    }

    /// <summary>State that was read and is not written.</summary>
    private sealed class ReadSlot<TState>(TState state) : IStateSlot<TState>
    {
        public TState State => state;

        public Task WriteAsync() => throw new NotSupportedException("Whoever only looks stores nothing.");
    }
}
