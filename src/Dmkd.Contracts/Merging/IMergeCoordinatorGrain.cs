using Orleans.Concurrency;

namespace Dmkd.Contracts.Merging;

/// <summary>Averages the updates of the nodes that hold a module. Key: <c>library/module</c>.</summary>
[Alias("dmkd.IMergeCoordinatorGrain")]
public interface IMergeCoordinatorGrain : IGrainWithStringKey
{
    /// <summary>Opens a round; a repeat for a round that is still collecting, or failed, lets it collect until the new deadline.</summary>
    /// <exception cref="InvalidOperationException">Another round is still open.</exception>
    [Alias("open")]
    Task OpenRoundAsync(MergeRoundPlan plan, CancellationToken cancellationToken = default);

    /// <summary>Adds a node's update to the open round; a repeat from the same node is answered <see cref="SubmissionOutcome.Duplicate"/>.</summary>
    [Alias("submit")]
    Task<SubmissionReceipt> SubmitAsync(DeltaSubmission submission, CancellationToken cancellationToken = default);

    /// <summary>Where a round is.</summary>
    [AlwaysInterleave, Alias("status")]
    Task<MergeRoundStatus> GetRoundAsync(string runId, int round, CancellationToken cancellationToken = default);
}
