using System.Diagnostics;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Wire;
using Dmkd.Grains.Data;
using Dmkd.Grains.Devices;
using Dmkd.Grains.Runs;
using Dmkd.Grains.Storage;
using Dmkd.Grains.Telemetry;
using Dmkd.Grains.Wire;

namespace Dmkd.Grains.Nodes;

/// <summary>A node's work on its silo's data and devices. Grain state stays outside: values in, values out.</summary>
internal sealed class DeviceNodeWork(IWeightStore weights, VersionWeights versions, DatasetCache datasets, SiloDevices devices) : INodeWork
{
    public async Task<TrainedUpdate> TrainAsync(
        LocalUpdateRequest request, HeldModule? held, string startingDigest, string? residual, Action<double> progress, CancellationToken cancellationToken)
    {
        var data = new RunData(await datasets.GetAsync(request.Settings.Data), request.Settings);
        var (baseWeights, fetched) = await versions.GetAsync(request.Module.Key, request.Base, held, cancellationToken);
        byte[] starting = startingDigest == request.Base.Digest ? baseWeights : await weights.GetAsync(startingDigest, cancellationToken);
        byte[]? teacher = request.Settings.Training.Lambda <= 0 ? null
            : request.Teacher is { } legacy ? await weights.GetAsync(legacy.Digest, cancellationToken) : baseWeights;
        // Weights of the node's own already hold what was dropped.
        byte[]? dropped = residual is null || startingDigest != request.Base.Digest ? null : await weights.GetAsync(residual, cancellationToken);
        using var activity = DmkdTelemetry.StartTrain(Activity.Current?.Context ?? default);
        var (result, trained, time) = await devices.Training.RunAsync(
            job => LocalWork.Train(job, request, data.ShardOf(request.Task, request.NodeIndex), baseWeights, starting, teacher, dropped, progress), cancellationToken);
        activity?.SetTag("dmkd.samples", result.SampleCount).SetTag("dmkd.device.seconds", time.TotalSeconds);
        DmkdTelemetry.DeviceUsed("local update", time);
        return new TrainedUpdate(
            result.SampleCount, result.MeanLoss, time, fetched + (request.Teacher is null ? 0 : teacher?.Length ?? 0),
            request.SubmitsDelta ? null : trained, request.SubmitsDelta ? trained : null);
    }

    public async Task<TensorPayload[]> ProjectAsync(LocalUpdateRequest request, byte[] update, CancellationToken cancellationToken)
    {
        var options = OptionsOf(request);
        var last = await versions.TensorsAsync(request.Base.Update, cancellationToken);
        var lastBasis = await versions.TensorsAsync(request.Base.Basis, cancellationToken);
        var projection = await devices.Serving.RunAsync(_ => PackingWork.Project(request, options, update, last, lastBasis), cancellationToken);
        RequireSendable(projection);
        return projection;
    }

    public async Task<PackedUpdate> PackAsync(LocalUpdateRequest request, byte[] update, StoredBlob? basis, CancellationToken cancellationToken)
    {
        var options = OptionsOf(request);
        var shared = await versions.TensorsAsync(basis, cancellationToken);
        using var activity = DmkdTelemetry.StartCompress(Activity.Current?.Context ?? default, options.Compressor);
        byte[]? baseWeights = options.Alignment ? await weights.GetAsync(request.Base.Digest, cancellationToken) : null;
        var data = options.Alignment ? new RunData(await datasets.GetAsync(request.Settings.Data), request.Settings) : null;
        var packed = await devices.Serving.RunAsync(
            job =>
            {
                var (tensors, residual) = options.Alignment
                    ? (PackingWork.Align(job, request.Module.Architecture, baseWeights!, update, shared!, data!.CalibrationOf(request.Task, request.NodeIndex)), null)
                    : PackingWork.Pack(request, options, update, shared);
                return new PackedUpdate(tensors, residual, job.Elapsed);
            },
            cancellationToken);
        long bytes = RequireSendable(packed.Tensors);
        activity?.SetTag("dmkd.bytes", bytes).SetTag("dmkd.bytes.dense", update.Length);
        return packed;
    }

    /// <summary>Bytes of an update's values, no more than a message may have.</summary>
    /// <exception cref="InvalidOperationException">They are too many.</exception>
    private static long RequireSendable(TensorPayload[] tensors)
    {
        long bytes = DeltaWire.FromWire(tensors).ValueBytes;
        return bytes <= DeltaSubmission.MaxValueBytes ? bytes
            : throw new InvalidOperationException($"the update takes {bytes:N0} bytes; a message may have {DeltaSubmission.MaxValueBytes:N0}. Use a lower rank.");
    }

    private static MergeOptions OptionsOf(LocalUpdateRequest request) => RunRules.MergeOptions(request.Settings, request.Round);
}
