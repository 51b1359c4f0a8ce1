using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Tensors;
using Dmkd.Hosting.Placement;
using Dmkd.Hosting.Storage;

namespace Dmkd.Grains.Merging;

/// <summary>
/// A merge coordinator's work on blobs and the silo's serving lanes. Grain state stays outside: values in, values out.
/// </summary>
internal sealed class MergeWork(IWeightStore weights, SiloDevices devices) : IMergeWork
{
    /// <summary>Most bytes that names and shapes may add to tensors no larger than the base's.</summary>
    private const long MaxHeaderBytes = 1 << 20;

    public async Task<SubmissionCheck> CheckAsync(MergeRoundPlan plan, StoredBlob? basis, DeltaSubmission submission)
    {
        var reference = submission.Tensors;
        long limit = plan.Base.Bytes + MaxHeaderBytes;
        if (reference.Blob.Bytes > limit)
            return Refused(
                $"its tensors may take {limit:N0} bytes, as the base's; they take {reference.Blob.Bytes:N0}"
            );
        ReadOnlyMemory<byte> content;
        try
        {
            content = reference.Inline is { } sent ? sent : await weights.GetSharedAsync(reference.Blob.Digest);
        }
        catch (WeightStoreException e)
        {
            return Refused(e.Message);
        }

        bool isWhatItSays =
            content.Length == reference.Blob.Bytes && WeightDigest.Of(content.Span) == reference.Blob.Digest;
        if (!isWhatItSays)
            return Refused(
                $"its {content.Length:N0} bytes of tensors are not {reference.Blob.Digest} of {reference.Blob.Bytes:N0} bytes"
            );
        var baseWeights = await weights.GetSharedAsync(plan.Base.Digest);
        var shared = await ReadAsync(basis);
        var check = await devices.Serving.RunAsync(_ =>
            Check(plan.Options, submission.Kind, baseWeights, content, shared)
        );
        if (check.Problem is null && reference.Inline is not null)
            await weights.PutAsync(content);
        return check;
    }

    public async Task<StoredBlob> MakeBasisAsync(
        MergeRoundPlan plan,
        IReadOnlyList<AcceptedUpdate> proposalsInNodeOrder
    )
    {
        var baseWeights = await weights.GetSharedAsync(plan.Base.Digest);
        var contents = await ReadAsync(proposalsInNodeOrder);
        return await StoreAsync(
            await devices.Serving.RunAsync(_ => MakeBasis(plan.Options, baseWeights, proposalsInNodeOrder, contents))
        );
    }

    public async Task<MergedModule?> MergeAsync(
        MergeRoundPlan plan,
        StoredBlob? basis,
        IReadOnlyList<AcceptedUpdate> inNodeOrder,
        string? momentum,
        Action<string, string> refuse
    )
    {
        var inputs = new RoundInputs(
            await weights.GetSharedAsync(plan.Base.Digest),
            inNodeOrder,
            await ReadAsync(inNodeOrder)
        )
        {
            Basis = await ReadAsync(basis),
            Momentum = await ReadAsync(momentum),
        };
        var result = await devices.Serving.RunAsync(job => RoundMerge.Run(job, plan.Options, inputs));
        foreach (var (node, reason) in result.Refusals)
            refuse(node, reason);
        if (result.Merged is not { } merged)
            return null;
        bool needsBasis = merged.Update is not null && plan.Options.Exchange().UpdatesNeedBasis;
        return new MergedModule(await StoreAsync(merged.Weights), merged.WeightOf, result.DeviceTime)
        {
            Update = merged.Update is { } update ? await StoreAsync(update) : null,
            Basis = needsBasis ? basis : null,
            Momentum = merged.Momentum is { } next ? await weights.PutAsync(next) : null,
        };
    }

    public async Task<MergedModule> WithStatisticsAsync(
        MergeRoundPlan plan,
        MergedModule merged,
        IReadOnlyList<StatisticsReport> inNodeOrder
    )
    {
        var baseWeights = await weights.GetSharedAsync(plan.Base.Digest);
        var mergedWeights = await weights.GetSharedAsync(merged.Weights.Digest);
        var update = new VersionUpdate(await ReadAsync(merged.Update), await ReadAsync(merged.Basis));
        var restated = await devices.Serving.RunAsync(job =>
            StatisticsWork.Restate(job, baseWeights, mergedWeights, update, inNodeOrder)
        );
        return merged with
        {
            Weights = await StoreAsync(restated.Weights),
            Update = restated.Update is { } next ? await StoreAsync(next) : null,
            DeviceTime =
                merged.DeviceTime
                + restated.DeviceTime
                + TimeSpan.FromSeconds(inNodeOrder.Sum(report => report.DeviceSeconds)),
        };
    }

    private static SubmissionCheck Refused(string problem) => new(problem, 0);

    private static SubmissionCheck Check(
        MergeOptions options,
        SubmissionKind kind,
        ReadOnlyMemory<byte> baseWeights,
        ReadOnlyMemory<byte> content,
        ReadOnlyMemory<byte>? basis
    )
    {
        using var start = WeightCodec.Decode(baseWeights.Span);
        return new SubmissionCheck(FindProblem(options, kind, start, content, basis), start.DenseBytes);
    }

    private static string? FindProblem(
        MergeOptions options,
        SubmissionKind kind,
        WeightSet start,
        ReadOnlyMemory<byte> content,
        ReadOnlyMemory<byte>? basis
    )
    {
        CompressedDelta payload;
        try
        {
            payload = UpdateBundle.Read(content, start);
        }
        catch (CheckpointFormatException e)
        {
            return e.Message;
        }

        var exchange = options.Exchange();
        if (kind is SubmissionKind.Projection)
            return exchange.CheckProposal(start, payload);
        return exchange.Check(start, payload, basis is { } known ? UpdateBundle.Read(known, start) : null);
    }

    private static byte[] MakeBasis(
        MergeOptions options,
        ReadOnlyMemory<byte> baseWeights,
        IReadOnlyList<AcceptedUpdate> proposals,
        ReadOnlyMemory<byte>[] contents
    )
    {
        using var start = WeightCodec.Decode(baseWeights.Span);
        var parts = proposals.Zip(
            contents,
            (node, content) => new Proposal(node.NodeId, node.SampleCount, UpdateBundle.Read(content, start))
        );
        return UpdateBundle.ToBytes(options.Exchange().MakeBasis([.. parts]));
    }

    private async Task<StoredBlob> StoreAsync(ReadOnlyMemory<byte> content) =>
        new(await weights.PutAsync(content), content.Length);

    private Task<ReadOnlyMemory<byte>?> ReadAsync(StoredBlob? blob) => ReadAsync(blob?.Digest);

    private async Task<ReadOnlyMemory<byte>?> ReadAsync(string? digest)
    {
        if (digest is null)
            return null; // in a conditional expression, null would become empty bytes
        return await weights.GetSharedAsync(digest);
    }

    private async Task<ReadOnlyMemory<byte>[]> ReadAsync(IReadOnlyList<AcceptedUpdate> updates)
    {
        var contents = new ReadOnlyMemory<byte>[updates.Count];
        for (int i = 0; i < contents.Length; i++)
            contents[i] = await weights.GetSharedAsync(updates[i].Tensors!.Digest);
        return contents;
    }
}
