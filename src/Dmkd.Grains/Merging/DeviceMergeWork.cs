using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Wire;
using Dmkd.Core.Checkpoints;
using Dmkd.Core.Merging.Compression;
using Dmkd.Grains.Devices;
using Dmkd.Grains.Storage;
using Dmkd.Grains.Wire;

namespace Dmkd.Grains.Merging;

/// <summary>A merge coordinator's work on the silo's serving lanes. Grain state stays outside: values in, values out.</summary>
internal sealed class DeviceMergeWork(IWeightStore weights, SiloDevices devices, ISubmissionCodec codec) : IMergeWork
{
    public async Task<ReceivedDelta> ReceiveAsync(MergeRoundPlan plan, StoredBlob? basis, DeltaSubmission submission)
    {
        byte[] content = codec.Encode(submission);
        string fingerprint = WeightDigest.Of(codec.EncodeTensors(submission.Tensors));
        byte[] baseWeights = await weights.GetAsync(plan.Base.Digest);
        var shared = await TensorsAsync(basis);
        var (problem, denseBytes) = await devices.Serving.RunAsync(_ => MergeWork.Check(plan.Options, baseWeights, shared, submission));
        string digest = problem is null ? await weights.PutAsync(content) : "";
        return new ReceivedDelta(problem, new AcceptedDelta(
            digest, content.Length, denseBytes, submission.SampleCount, submission.DeviceSeconds, submission.DownloadedBytes, fingerprint));
    }

    public async Task<StoredBlob> MakeBasisAsync(MergeRoundPlan plan, IReadOnlyList<NodeDelta> projectedInNodeOrder)
    {
        var submissions = await SubmissionsAsync(projectedInNodeOrder);
        var basis = await devices.Serving.RunAsync(_ => MergeWork.MakeBasis(plan.Options, submissions));
        return await StoreAsync(codec.EncodeTensors(basis));
    }

    public async Task<MergedModule?> MergeAsync(
        MergeRoundPlan plan, StoredBlob? basis, IReadOnlyList<NodeDelta> inNodeOrder, string? momentum, Action<string, string> refuse)
    {
        byte[] baseWeights = await weights.GetAsync(plan.Base.Digest);
        byte[]? velocity = momentum is null ? null : await weights.GetAsync(momentum);
        var shared = await TensorsAsync(basis);
        var submissions = await SubmissionsAsync(inNodeOrder);
        var result = await devices.Serving.RunAsync(job => MergeWork.Merge(job, plan.Options, baseWeights, shared, submissions, velocity));
        foreach (var (node, reason) in result.Refusals) refuse(node, reason);
        if (result.Weights is not { } merged) return null;
        var update = result.Update is { } tensors ? await StoreAsync(codec.EncodeTensors(tensors)) : null;
        return new MergedModule(
            await StoreAsync(merged), update, update is not null && plan.Options.Compressor == CompressorCatalog.PowerSgd ? basis : null,
            result.Momentum is { } next ? await weights.PutAsync(next) : null, result.WeightOf, result.DeviceTime);
    }

    public async Task<MergedModule> WithStatisticsAsync(MergeRoundPlan plan, MergedModule merged, IReadOnlyList<StatisticsReport> inNodeOrder)
    {
        byte[] baseWeights = await weights.GetAsync(plan.Base.Digest);
        byte[] mergedWeights = await weights.GetAsync(merged.Weights.Digest);
        var update = await TensorsAsync(merged.Update);
        var basis = await TensorsAsync(merged.Basis);
        var (restated, restatedUpdate, time) = await devices.Serving.RunAsync(
            job => StatisticsWork.Restate(job, baseWeights, mergedWeights, update, basis, inNodeOrder));
        return merged with
        {
            Weights = await StoreAsync(restated),
            Update = restatedUpdate is null ? null : await StoreAsync(codec.EncodeTensors(restatedUpdate)),
            DeviceTime = merged.DeviceTime + time + TimeSpan.FromSeconds(inNodeOrder.Sum(report => report.DeviceSeconds)),
        };
    }

    private async Task<StoredBlob> StoreAsync(byte[] content) => new(await weights.PutAsync(content), content.Length);

    private async Task<TensorPayload[]?> TensorsAsync(StoredBlob? blob) => blob is null ? null : codec.DecodeTensors(await weights.GetAsync(blob.Digest));

    private async Task<DeltaSubmission[]> SubmissionsAsync(IReadOnlyList<NodeDelta> deltas)
    {
        var submissions = new DeltaSubmission[deltas.Count];
        for (int i = 0; i < deltas.Count; i++) submissions[i] = codec.Decode(await weights.GetAsync(deltas[i].Delta.Digest));
        return submissions;
    }
}
