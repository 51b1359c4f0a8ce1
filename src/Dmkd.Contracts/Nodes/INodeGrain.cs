using Orleans.Concurrency;

namespace Dmkd.Contracts.Nodes;

/// <summary>A holder of private data: trains modules on it and sends updates, never data. Key: <c>library/node</c>.</summary>
[Alias("dmkd.INodeGrain")]
public interface INodeGrain : IGrainWithStringKey
{
    /// <summary>Begins a local update and returns at once; a repeat of running or finished work changes nothing.</summary>
    [Alias("start")]
    Task StartLocalUpdateAsync(LocalUpdateRequest request, CancellationToken cancellationToken = default);

    /// <summary>Where a local update is.</summary>
    /// <param name="workKey">The request's <see cref="LocalUpdateRequest.WorkKey"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    [AlwaysInterleave, Alias("status")]
    Task<LocalUpdateStatus> GetLocalUpdateAsync(string workKey, CancellationToken cancellationToken = default);

    /// <summary>Measures a version of a module on the node's data; a repeat measures again, the same numbers.</summary>
    /// <returns>The report that the request's <see cref="Probe"/> names.</returns>
    [AlwaysInterleave, Alias("probe"), ResponseTimeout("00:05:00")]
    Task<ProbeReport> ProbeAsync(ProbeRequest request, CancellationToken cancellationToken = default);
}
