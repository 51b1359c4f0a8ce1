using Dmkd.Contracts.Experts;
using Orleans.Concurrency;

namespace Dmkd.Contracts.Library;

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
}
