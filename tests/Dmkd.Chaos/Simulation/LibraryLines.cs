using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Routing;

namespace Dmkd.Chaos.Simulation;

/// <summary>A module over the network.</summary>
internal sealed class ModuleLine(SimulatedActors actors, string key) : IExpertModuleGrain
{
    public Task<int> RemoveAsync(CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("Nothing is removed here.");

    public Task CreateAsync(
        ModuleDescriptor descriptor,
        ModuleVersion first,
        CancellationToken cancellationToken = default
    ) => actors.Module(key).CallAsync(module => module.CreateAsync(descriptor, first));

    public Task PublishAsync(ModuleVersion version, CancellationToken cancellationToken = default)
    {
        actors.Journal.Note(actors.World.Now, () => $"publishes {version.Number} of round {version.Round}");
        return actors.Module(key).CallAsync(module => module.PublishAsync(version));
    }

    public Task RecordSpecializationAsync(
        ModuleSpecialization specialization,
        CancellationToken cancellationToken = default
    ) => actors.Module(key).CallAsync(module => module.RecordAsync(specialization));

    public Task<ModuleSnapshot?> GetSnapshotAsync(CancellationToken cancellationToken = default) =>
        actors.Module(key).CallAsync(module => Task.FromResult(module.Snapshot), interleaves: true);

    public Task<IReadOnlyList<ModuleVersion>> GetHistoryUpToAsync(
        int number,
        CancellationToken cancellationToken = default
    ) => actors.Module(key).CallAsync(module => Task.FromResult(module.HistoryUpTo(number)), interleaves: true);

    public Task<IReadOnlyList<ModuleVersion>> GetHistoryAsync(CancellationToken cancellationToken = default) =>
        actors.Module(key).CallAsync(module => Task.FromResult(module.History), interleaves: true);
}

/// <summary>A catalog over the network.</summary>
internal sealed class CatalogLine(SimulatedActors actors, string library) : IModuleCatalogGrain
{
    public Task<int> RemoveModuleAsync(string moduleName, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("Nothing is removed here.");

    public Task<int> RemoveAsync(CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("Nothing is removed here.");

    public Task RegisterAsync(string moduleName, CancellationToken cancellationToken = default) =>
        actors.Catalog(library).CallAsync(catalog => catalog.RegisterAsync(moduleName));

    public Task<IReadOnlyList<ModuleSnapshot>> ListAsync(CancellationToken cancellationToken = default) =>
        actors.Catalog(library).CallAsync(catalog => catalog.ListAsync(cancellationToken), interleaves: true);

    public Task<IReadOnlyList<string>> ListNamesAsync(CancellationToken cancellationToken = default) =>
        actors.Catalog(library).CallAsync(catalog => Task.FromResult(catalog.Names), interleaves: true);

    public Task PublishGateAsync(FittedGate gate, CancellationToken cancellationToken = default) =>
        actors.Catalog(library).CallAsync(catalog => catalog.PublishGateAsync(gate));

    public Task<FittedGate?> GetGateAsync(CancellationToken cancellationToken = default) =>
        actors.Catalog(library).CallAsync(catalog => Task.FromResult(catalog.Gate), interleaves: true);
}

/// <summary>The directory over the network.</summary>
internal sealed class DirectoryLine(SimulatedActors actors, string key) : ILibraryDirectoryGrain
{
    public Task ForgetRunAsync(string runId, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("Nothing is removed here.");

    public Task RecordRunAsync(RunSummary summary, CancellationToken cancellationToken = default)
    {
        actors.Journal.Note(actors.World.Now, () => $"{summary.RunId} tells that it is in {summary.Phase}");
        return actors.Library(key).CallAsync(directory => directory.RecordAsync(summary));
    }

    public Task<IReadOnlyList<RunSummary>> ListRunsAsync(CancellationToken cancellationToken = default) =>
        actors.Library(key).CallAsync(directory => Task.FromResult(directory.Runs), interleaves: true);
}

/// <summary>A router over the network.</summary>
internal sealed class RouterLine(SimulatedActors actors, string library) : IRouterGrain
{
    public Task<RouteResponse> RouteAsync(RouteRequest request, CancellationToken cancellationToken = default) =>
        actors.Router(library).CallAsync(router => router.RouteAsync(request), interleaves: true, Network.LongCall);
}
