using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Routing;
using Orleans.Concurrency;

namespace Dmkd.Contracts.Libraries;

/// <summary>Knows the modules of a library. Key: the library's name.</summary>
[Alias("dmkd.IModuleCatalogGrain")]
public interface IModuleCatalogGrain : IGrainWithStringKey
{
    /// <summary>Adds a module by name; a repeat changes nothing.</summary>
    [Alias("register")]
    Task RegisterAsync(string moduleName, CancellationToken cancellationToken = default);

    /// <summary>The library's modules in the order they were registered.</summary>
    [AlwaysInterleave, Alias("list")]
    Task<IReadOnlyList<ModuleSnapshot>> ListAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Sets what the library's routing was fitted to; the same or a newer version replaces, an older one is ignored.
    /// </summary>
    [Alias("publishGate")]
    Task PublishGateAsync(FittedGate gate, CancellationToken cancellationToken = default);

    /// <summary>What the library's routing was fitted to, or null.</summary>
    [AlwaysInterleave, Alias("gate")]
    Task<FittedGate?> GetGateAsync(CancellationToken cancellationToken = default);
}
