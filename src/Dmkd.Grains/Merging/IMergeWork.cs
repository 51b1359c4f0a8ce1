using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Core.Merging.Exchanges;

namespace Dmkd.Grains.Merging;

/// <summary>
/// The long work of a merge coordinator, on tensors and blobs. Equal input gives equal digests: every call can be
/// repeated after a crash.
/// </summary>
internal interface IMergeWork
{
    /// <summary>Checks a submission's tensors; those that can be used lie in the weight store afterwards.</summary>
    /// <param name="plan">The open round.</param>
    /// <param name="basis">The round's shared basis, when it has one.</param>
    /// <param name="submission">The submission.</param>
    Task<SubmissionCheck> CheckAsync(MergeRoundPlan plan, StoredBlob? basis, DeltaSubmission submission);

    /// <summary>Makes the shared basis out of the nodes' parts.</summary>
    Task<StoredBlob> MakeBasisAsync(MergeRoundPlan plan, IReadOnlyList<AcceptedUpdate> proposalsInNodeOrder);

    /// <summary>Admits, merges and steps; null when no update is left to merge.</summary>
    /// <param name="plan">The round.</param>
    /// <param name="basis">Its shared basis, when it has one.</param>
    /// <param name="inNodeOrder">What was accepted.</param>
    /// <param name="momentum">Digest of the outer optimizer's momentum, or null.</param>
    /// <param name="refuse">Receives node and reason of each update that is refused.</param>
    Task<MergedModule?> MergeAsync(
        MergeRoundPlan plan,
        StoredBlob? basis,
        IReadOnlyList<AcceptedUpdate> inNodeOrder,
        string? momentum,
        Action<string, string> refuse
    );

    /// <summary>The merged weights with other batch-norm statistics: the nodes' own, put together.</summary>
    Task<MergedModule> WithStatisticsAsync(
        MergeRoundPlan plan,
        MergedModule merged,
        IReadOnlyList<StatisticsReport> inNodeOrder
    );
}

/// <summary>What a look at a submission's tensors found.</summary>
/// <param name="Problem">Check, limit and value; null when they can be merged.</param>
/// <param name="DenseBytes">What the update would take as dense fp32.</param>
internal sealed record SubmissionCheck(string? Problem, long DenseBytes);

/// <summary>A submission that counts.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="Tensors">Its tensors in the weight store; null when an older program accepted it, in a form that is not
/// read any more.</param>
/// <param name="SampleCount">Images the node says it was trained on.</param>
internal sealed record AcceptedUpdate(string NodeId, StoredBlob? Tensors, long SampleCount)
{
    /// <summary>What the update would have taken as dense fp32.</summary>
    public long DenseBytes { get; init; }

    /// <summary>Device time the node spent.</summary>
    public double DeviceSeconds { get; init; }

    /// <summary>Bytes of weights the node fetched.</summary>
    public long DownloadedBytes { get; init; }

    /// <summary>How the node says its training went; null when it did not.</summary>
    public TrainingFigures? Training { get; init; }

    /// <summary>Bytes of its tensors, as they lie in the store and travelled.</summary>
    public long PayloadBytes => Tensors?.Bytes ?? 0;
}

/// <summary>Merged weights, stored but not yet published.</summary>
/// <param name="Weights">The weights.</param>
/// <param name="WeightOf">Share of each contributor that was not refused, by node; 0 when the rule left it out.</param>
/// <param name="DeviceTime">Device time.</param>
internal sealed record MergedModule(
    StoredBlob Weights,
    IReadOnlyDictionary<string, double> WeightOf,
    TimeSpan DeviceTime
)
{
    /// <summary>
    /// The compressed update from the base, for nodes that hold it; null when it would not be smaller.
    /// </summary>
    public StoredBlob? Update { get; init; }

    /// <summary>The basis that the update is relative to; null when it needs none.</summary>
    public StoredBlob? Basis { get; init; }

    /// <summary>Digest of the outer optimizer's new momentum; null without.</summary>
    public string? Momentum { get; init; }
}

/// <summary>The exchange that a round's options ask for: the only place that knows both.</summary>
internal static class ExchangeOfOptions
{
    public static IUpdateExchange Exchange(this MergeOptions options) =>
        UpdateExchanges.Create(new ExchangeOptions(options.Compressor, options.Rank, options.HalfPrecision));
}
