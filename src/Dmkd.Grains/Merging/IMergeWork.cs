using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;

namespace Dmkd.Grains.Merging;

/// <summary>The long work of a merge coordinator, on tensors and blobs. Equal input gives equal digests: every call can be repeated after a crash.</summary>
internal interface IMergeWork
{
    /// <summary>Checks a submission's tensors and stores it.</summary>
    /// <param name="plan">The open round.</param>
    /// <param name="basis">The round's shared basis, when it has one.</param>
    /// <param name="submission">The submission.</param>
    Task<ReceivedDelta> ReceiveAsync(MergeRoundPlan plan, StoredBlob? basis, DeltaSubmission submission);

    /// <summary>Makes the shared basis out of the nodes' parts.</summary>
    Task<StoredBlob> MakeBasisAsync(MergeRoundPlan plan, IReadOnlyList<NodeDelta> projectedInNodeOrder);

    /// <summary>Admits, merges and steps; null when no update is left to merge.</summary>
    /// <param name="plan">The round.</param>
    /// <param name="basis">Its shared basis, when it has one.</param>
    /// <param name="inNodeOrder">What was accepted.</param>
    /// <param name="momentum">Digest of the outer optimizer's momentum, or null.</param>
    /// <param name="refuse">Receives node and reason of each update that is refused.</param>
    Task<MergedModule?> MergeAsync(
        MergeRoundPlan plan, StoredBlob? basis, IReadOnlyList<NodeDelta> inNodeOrder, string? momentum, Action<string, string> refuse);

    /// <summary>The merged weights with other batch-norm statistics: the nodes' own, put together.</summary>
    Task<MergedModule> WithStatisticsAsync(MergeRoundPlan plan, MergedModule merged, IReadOnlyList<StatisticsReport> inNodeOrder);
}
