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

    /// <summary>
    /// Removes a module with all its versions. The library's routing goes on without it: a gate that was fitted, or a
    /// gate network, chooses between the experts that are left.
    /// </summary>
    /// <returns>How many versions it had; 0 when there is no such module.</returns>
    /// <exception cref="InvalidOperationException">A run that is not over names it.</exception>
    [Alias("removeModule")]
    Task<int> RemoveModuleAsync(string moduleName, CancellationToken cancellationToken = default);

    /// <summary>Removes the library: all its modules, whoever names them, and its fitted routing.</summary>
    /// <returns>How many modules it had.</returns>
    [Alias("remove")]
    Task<int> RemoveAsync(CancellationToken cancellationToken = default);

    /// <summary>The library's modules in the order they were registered.</summary>
    [AlwaysInterleave, Alias("list")]
    Task<IReadOnlyList<ModuleSnapshot>> ListAsync(CancellationToken cancellationToken = default);

    /// <summary>Names of the library's modules in the same order, also of those that cannot be read.</summary>
    [AlwaysInterleave, Alias("names")]
    Task<IReadOnlyList<string>> ListNamesAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Sets what the library's routing was fitted to; the same or a newer version replaces, an older one is ignored.
    /// </summary>
    [Alias("publishGate")]
    Task PublishGateAsync(FittedGate gate, CancellationToken cancellationToken = default);

    /// <summary>What the library's routing was fitted to, or null.</summary>
    [AlwaysInterleave, Alias("gate")]
    Task<FittedGate?> GetGateAsync(CancellationToken cancellationToken = default);
}

/// <summary>
/// A stored state can be neither read nor written, and will not be by asking again: its row is damaged, its table is
/// missing, a right is missing. The message names the row and the cause.
/// </summary>
public sealed class StoredStateException(string message) : Exception(message)
{
    /// <summary>
    /// The one within what came instead of an answer, or null: Orleans puts what ends an activation into exceptions of
    /// its own.
    /// </summary>
    public static StoredStateException? Within(Exception? exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e is StoredStateException lasting)
                return lasting;
        }

        return null;
    }
}
