using System.Diagnostics;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Nodes;
using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Modalities;
using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using Dmkd.Data.Seeds;
using Dmkd.Grains.Merging;
using Dmkd.Hosting.Placement;
using Dmkd.Hosting.Storage;
using Dmkd.Hosting.Telemetry;
using static TorchSharp.torch;

namespace Dmkd.Grains.Nodes;

/// <summary>A node's work on its silo's data and devices. Grain state stays outside: values in, values out.</summary>
internal sealed class NodeWork(
    IWeightStore weights,
    VersionWeights versions,
    INodeDataSource nodes,
    SiloDevices devices
) : INodeWork
{
    public async Task<TrainedUpdate> TrainAsync(
        LocalUpdateRequest request,
        HeldModule? held,
        string startingDigest,
        string? residual,
        Action<double> progress,
        CancellationToken cancellationToken
    )
    {
        var data = await nodes.OpenAsync(request.Settings, request.NodeIndex);
        var (baseWeights, fetched) = await versions.GetAsync(request.Module.Key, request.Base, held, cancellationToken);
        var starting =
            startingDigest == request.Base.Digest
                ? baseWeights
                : await weights.GetSharedAsync(startingDigest, cancellationToken);
        ReadOnlyMemory<byte>? teacher = null;
        if (request.Settings.Training.Lambda > 0)
            teacher = request.Teacher is { } legacy
                ? await weights.GetSharedAsync(legacy.Digest, cancellationToken)
                : baseWeights;
        // Weights of the node's own already hold what was dropped.
        ReadOnlyMemory<byte>? dropped = null;
        if (residual is not null && startingDigest == request.Base.Digest)
            dropped = await weights.GetSharedAsync(residual, cancellationToken);
        // What waits for a basis is stored until it is there; everything else is packed while its tensors are at hand.
        bool packsNow = request.Merging?.Exchange().HasSharedBasis is false;
        using var trained = await TrainAsync(
            job =>
            {
                var shard = data.TrainingOf(request.Task);
                var made = LocalWork.Train(job, request, shard, baseWeights, starting, teacher, dropped, progress);
                if (packsNow)
                    return made;
                using (made)
                    return made with { Content = WeightCodec.Encode(made.Tensors) };
            },
            cancellationToken
        );
        return new TrainedUpdate(
            trained.Result.SampleCount,
            trained.Result.MeanLoss,
            trained.DeviceTime,
            fetched + (request.Teacher is null ? 0 : teacher?.Length ?? 0),
            request.SubmitsDelta ? null : trained.Content,
            request.SubmitsDelta ? trained.Content : null
        )
        {
            Accuracy = trained.Result.Accuracy,
            Packed = packsNow ? await PackAsync(request, () => trained.Tensors, null, cancellationToken) : null,
        };
    }

    private async Task<TrainedTensors> TrainAsync(
        Func<DeviceJob, TrainedTensors> train,
        CancellationToken cancellationToken
    )
    {
        using var activity = DmkdTelemetry.StartTrain(Activity.Current?.Context ?? default);
        var trained = await devices.Training.RunAsync(train, cancellationToken);
        activity
            ?.SetTag("dmkd.samples", trained.Result.SampleCount)
            .SetTag("dmkd.device.seconds", trained.DeviceTime.TotalSeconds);
        devices.Instruments.DeviceUsed("local update", trained.DeviceTime);
        return trained;
    }

    public async Task<byte[]> ProposeAsync(
        LocalUpdateRequest request,
        byte[] update,
        CancellationToken cancellationToken
    )
    {
        var last = await versions.ReadAsync(request.Base.Update, cancellationToken);
        var lastBasis = await versions.ReadAsync(request.Base.Basis, cancellationToken);
        return await devices.Serving.RunAsync(_ => Propose(request, update, last, lastBasis), cancellationToken);
    }

    public async Task<PackedUpdate> PackAsync(
        LocalUpdateRequest request,
        byte[] update,
        StoredBlob? basis,
        CancellationToken cancellationToken
    ) => await PackAsync(request, () => WeightCodec.Decode(update), basis, cancellationToken);

    /// <param name="request">The update's request.</param>
    /// <param name="update">The update; disposed by the lane that packs it.</param>
    /// <param name="basis">The round's shared basis, or null.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    private async Task<PackedUpdate> PackAsync(
        LocalUpdateRequest request,
        Func<WeightSet> update,
        StoredBlob? basis,
        CancellationToken cancellationToken
    )
    {
        var options = request.Merging!;
        using var activity = DmkdTelemetry.StartCompress(Activity.Current?.Context ?? default, options.Compressor);
        var shared = await versions.ReadAsync(basis, cancellationToken);
        var replica = options.Exchange().NeedsReplica ? await ReplicaOfAsync(request, cancellationToken) : null;
        long dense = 0;
        var packed = await devices.Serving.RunAsync(
            job =>
            {
                using var delta = update();
                dense = delta.DenseBytes;
                return Pack(job, request, delta, shared, replica);
            },
            cancellationToken
        );
        activity?.SetTag("dmkd.bytes", packed.Tensors.Length).SetTag("dmkd.bytes.dense", dense);
        return packed;
    }

    private async Task<ReplicaData> ReplicaOfAsync(LocalUpdateRequest request, CancellationToken cancellationToken)
    {
        var baseWeights = await weights.GetSharedAsync(request.Base.Digest, cancellationToken);
        var data = await nodes.OpenAsync(request.Settings, request.NodeIndex);
        return new ReplicaData(data.Modality, baseWeights, data.CalibrationOf(request.Task));
    }

    private static byte[] Propose(
        LocalUpdateRequest request,
        byte[] update,
        ReadOnlyMemory<byte>? last,
        ReadOnlyMemory<byte>? lastBasis
    )
    {
        using var delta = WeightCodec.Decode(update);
        var node = new NodeUpdate(delta)
        {
            SharedSeed = SeedOf(request, SeedPurpose.Subspace),
            Last = LastOf(delta, last, lastBasis),
        };
        return UpdateBundle.ToBytes(request.Merging!.Exchange().Propose(node));
    }

    /// <summary>
    /// The base version's own update; null when it has none, or one that a program before 0.2 wrote: then all nodes
    /// begin afresh.
    /// </summary>
    private static CompressedDelta? LastOf(WeightSet delta, ReadOnlyMemory<byte>? last, ReadOnlyMemory<byte>? lastBasis)
    {
        if (last is not { } update || lastBasis is not { } basis)
            return null;
        try
        {
            return PowerSgdPayload.WithBasis(UpdateBundle.Read(update, delta), UpdateBundle.Read(basis, delta));
        }
        catch (CheckpointFormatException)
        {
            return null;
        }
    }

    private static PackedUpdate Pack(
        DeviceJob job,
        LocalUpdateRequest request,
        WeightSet delta,
        ReadOnlyMemory<byte>? basis,
        ReplicaData? replica
    )
    {
        using var start = replica is null ? null : WeightCodec.Decode(replica.Base.Span);
        using var inputs = replica is null ? null : InputsOf(job, request, replica);
        var options = request.Merging!;
        var exchange = options.Exchange();
        var shared = basis is { } known ? UpdateBundle.Read(known, delta) : null;
        var node = new NodeUpdate(delta)
        {
            Seed = SeedOf(request, SeedPurpose.Compression, request.NodeIndex),
            Replica = replica is null
                ? null
                : new NodeReplica(ArchitectureCatalog.Parse(request.Module.Architecture), start!, inputs!),
        };
        if (!options.ErrorFeedback)
            return new PackedUpdate(ToBytes(exchange.Pack(node, shared)), null, job.Elapsed);
        using var packed = ErrorFeedback.Pack(exchange, node, shared); // the update holds the last residual already
        return new PackedUpdate(ToBytes(packed.Sent), WeightCodec.Encode(packed.Residual), job.Elapsed);
    }

    private static byte[] ToBytes(CompressedDelta packed) => UpdateBundle.ToBytes(PowerSgdPayload.WithoutBasis(packed));

    private static Tensor InputsOf(DeviceJob job, LocalUpdateRequest request, ReplicaData replica)
    {
        using var encoded = replica.Modality.Encode(replica.Calibration);
        return replica.Modality.Normalise(encoded.to(job.Device), request.Module.Normalisation);
    }

    private static ulong SeedOf(LocalUpdateRequest request, int purpose, params int[] own) =>
        (ulong)SeedSequence.Derive(request.Settings.Seed, [purpose, request.Task, request.Round, .. own]);

    private sealed record ReplicaData(IModality Modality, ReadOnlyMemory<byte> Base, IExamples Calibration);
}
