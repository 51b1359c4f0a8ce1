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

    /// <summary>Measures the entropy of a module's predictions, and its evidence, on a sample of the node's data.</summary>
    [AlwaysInterleave, Alias("entropy"), ResponseTimeout("00:05:00")]
    Task<EntropyReport> MeasureEntropyAsync(EntropyRequest request, CancellationToken cancellationToken = default);

    /// <summary>Compares merged weights with the version that serves, on a sample of the node's data.</summary>
    [AlwaysInterleave, Alias("measure"), ResponseTimeout("00:05:00")]
    Task<CandidateReport> MeasureCandidateAsync(CandidateRequest request, CancellationToken cancellationToken = default);

    /// <summary>Measures the batch-norm statistics of merged weights on the node's data.</summary>
    [AlwaysInterleave, Alias("statistics"), ResponseTimeout("00:05:00")]
    Task<StatisticsReport> MeasureStatisticsAsync(CandidateRequest request, CancellationToken cancellationToken = default);

    /// <summary>Has a module score some of the node's exemplars; a repeat computes again, the same numbers.</summary>
    [AlwaysInterleave, Alias("exemplars"), ResponseTimeout("00:05:00")]
    Task<ExemplarReport> ScoreExemplarsAsync(ExemplarRequest request, CancellationToken cancellationToken = default);

    /// <summary>Measures the moments of the node's images in a module's feature space; a repeat computes again, the same numbers.</summary>
    [AlwaysInterleave, Alias("moments"), ResponseTimeout("00:05:00")]
    Task<MomentsReport> MeasureMomentsAsync(MomentsRequest request, CancellationToken cancellationToken = default);
}
