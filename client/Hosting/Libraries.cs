using Dmkd.Client.Errors;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Grains.Libraries;
using Dmkd.Grains.Routing;
using Dmkd.Hosting.Storage;
using Dmkd.Serving;

namespace Dmkd.Client.Hosting;

/// <summary>What commands that only look work with. Dispose to leave it.</summary>
/// <param name="reader">What is looked at.</param>
/// <param name="weights">The weights that it names.</param>
/// <param name="cluster">The cluster to leave afterwards; null for a folder.</param>
internal sealed class Look(IStateReader reader, IWeightStore weights, ICluster? cluster) : IAsyncDisposable
{
    /// <summary>What is looked at.</summary>
    public IStateReader Reader => reader;

    /// <summary>The weights that it names.</summary>
    public IWeightStore Weights => weights;

    public ValueTask DisposeAsync() => cluster?.DisposeAsync() ?? ValueTask.CompletedTask;
}

/// <summary>Asks the grains, again while silos come and go.</summary>
internal sealed class GrainStateReader(IGrainFactory grains) : IStateReader
{
    public Task<IReadOnlyList<RunSummary>> ListRunsAsync(CancellationToken cancellationToken) =>
        Retried.AskAsync(
            () => grains.GetGrain<ILibraryDirectoryGrain>(ILibraryDirectoryGrain.Key).ListRunsAsync(cancellationToken),
            cancellationToken
        );

    public Task<RunSettings?> GetSettingsAsync(string runId, CancellationToken cancellationToken) =>
        Retried.AskAsync(
            () => grains.GetGrain<ITrainingRunGrain>(runId).GetSettingsAsync(cancellationToken),
            cancellationToken
        );

    public Task<RunProgress> GetProgressAsync(string runId, long afterEvent, CancellationToken cancellationToken) =>
        Retried.AskAsync(
            () => grains.GetGrain<ITrainingRunGrain>(runId).GetProgressAsync(afterEvent, cancellationToken),
            cancellationToken
        );

    public Task<RunReport?> GetReportAsync(string runId, CancellationToken cancellationToken) =>
        Retried.AskAsync(
            () => grains.GetGrain<ITrainingRunGrain>(runId).GetReportAsync(cancellationToken),
            cancellationToken
        );

    public Task<IReadOnlyList<RunNode>> ListNodesAsync(string runId, CancellationToken cancellationToken) =>
        Retried.AskAsync(
            () => grains.GetGrain<ITrainingRunGrain>(runId).ListNodesAsync(cancellationToken),
            cancellationToken
        );

    public Task<IReadOnlyList<ModuleSnapshot>> ListModulesAsync(string library, CancellationToken cancellationToken) =>
        Retried.AskAsync(
            () => grains.GetGrain<IModuleCatalogGrain>(library).ListAsync(cancellationToken),
            cancellationToken
        );

    public async Task<IReadOnlyList<ListedModule>> LookThroughAsync(string library, CancellationToken cancellationToken)
    {
        var catalog = grains.GetGrain<IModuleCatalogGrain>(library);
        if (await Retried.AskAsync(ListAllAsync, cancellationToken) is { } modules)
            return [.. modules.Select(module => new ListedModule(module.Descriptor.Name, module, Problem: null))];
        var names = await Retried.AskAsync(() => catalog.ListNamesAsync(cancellationToken), cancellationToken);
        var listed = await Task.WhenAll(
            names.Select(name => Retried.AskAsync(() => LookAtAsync(name), cancellationToken))
        );
        return [.. listed.Where(module => module.Snapshot is not null || module.Problem is not null)];

        // null when one cannot be read
        async Task<IReadOnlyList<ModuleSnapshot>?> ListAllAsync()
        {
            try
            {
                return await catalog.ListAsync(cancellationToken);
            }
            catch (Exception e) when (StoredStateException.Within(e) is not null)
            {
                return null;
            }
        }

        async Task<ListedModule> LookAtAsync(string name)
        {
            try
            {
                var module = grains.GetGrain<IExpertModuleGrain>(ModuleDescriptor.KeyOf(library, name));
                return new ListedModule(name, await module.GetSnapshotAsync(cancellationToken), Problem: null);
            }
            catch (Exception e) when (StoredStateException.Within(e) is { } lasting)
            {
                return new ListedModule(name, Snapshot: null, lasting.Message);
            }
        }
    }

    public Task<FittedGate?> GetGateAsync(string library, CancellationToken cancellationToken) =>
        Retried.AskAsync(
            () => grains.GetGrain<IModuleCatalogGrain>(library).GetGateAsync(cancellationToken),
            cancellationToken
        );

    public Task<IReadOnlyList<ModuleVersion>> GetHistoryAsync(string moduleKey, CancellationToken cancellationToken) =>
        Retried.AskAsync(
            () => grains.GetGrain<IExpertModuleGrain>(moduleKey).GetHistoryAsync(cancellationToken),
            cancellationToken
        );
}

/// <summary>Finds libraries and their modules.</summary>
internal static class Libraries
{
    /// <summary>Whether a library of a name was ever begun.</summary>
    public static async Task<bool> IsTakenAsync(IStateReader reader, string name, CancellationToken cancellationToken)
    {
        var runs = await reader.ListRunsAsync(cancellationToken);
        return runs.Any(run => run.Library == name);
    }

    /// <summary>Modules of a library, or of the newest that has any.</summary>
    /// <exception cref="BadInputException">There is none.</exception>
    public static Task<(string Library, IReadOnlyList<ModuleSnapshot> Modules)> OpenAsync(
        IStateReader reader,
        string? name,
        CancellationToken cancellationToken
    ) => FirstAsync(reader, name, library => reader.ListModulesAsync(library, cancellationToken), cancellationToken);

    /// <summary>The same, with the modules that cannot be read.</summary>
    /// <inheritdoc cref="OpenAsync"/>
    public static Task<(string Library, IReadOnlyList<ListedModule> Modules)> LookThroughAsync(
        IStateReader reader,
        string? name,
        CancellationToken cancellationToken
    ) => FirstAsync(reader, name, library => reader.LookThroughAsync(library, cancellationToken), cancellationToken);

    private static async Task<(string Library, IReadOnlyList<T> Modules)> FirstAsync<T>(
        IStateReader reader,
        string? name,
        Func<string, Task<IReadOnlyList<T>>> list,
        CancellationToken cancellationToken
    )
    {
        if (name is not null && await list(name) is { Count: > 0 } named)
            return (name, named); // it may have come without a run
        var runs = await reader.ListRunsAsync(cancellationToken);
        foreach (
            string library in runs.Select(run => run.Library)
                .Where(library => name is null || library == name)
                .Reverse()
        )
        {
            var modules = await list(library);
            if (modules.Count > 0)
                return (library, modules);
        }

        string known =
            runs.Count == 0
                ? "there are no runs yet"
                : $"there are: {string.Join(", ", runs.Select(run => run.Library))}";
        throw new BadInputException(
            name is null ? $"No library has modules; {known}." : $"Library '{name}' has no modules; {known}."
        );
    }

    /// <summary>What a library holds, or the newest that has any modules.</summary>
    /// <exception cref="BadInputException">There is none.</exception>
    public static async Task<LibraryManifest> ManifestAsync(
        IStateReader reader,
        string? name,
        CancellationToken cancellationToken
    )
    {
        var (library, modules) = await OpenAsync(reader, name, cancellationToken);
        var fitted = await reader.GetGateAsync(library, cancellationToken);
        return LibraryMapping.ToManifest(library, modules, fitted);
    }

    /// <summary>A module of a library, or of the newest library that has any.</summary>
    /// <exception cref="BadInputException">There is none of the name.</exception>
    public static async Task<ModuleSnapshot> FindAsync(
        IStateReader reader,
        string? library,
        string module,
        CancellationToken cancellationToken
    )
    {
        var (opened, modules) = await OpenAsync(reader, library, cancellationToken);
        return modules.FirstOrDefault(known => known.Descriptor.Name == module)
            ?? throw new BadInputException(
                $"Library '{opened}' has no module '{module}'; it has: "
                    + $"{string.Join(", ", modules.Select(known => known.Descriptor.Name))}."
            );
    }
}
