using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Wire;
using Dmkd.Core;
using Dmkd.Core.Checkpoints;
using Dmkd.Core.Devices;
using Dmkd.Core.Merging.Alignment;
using Dmkd.Core.Merging.Compression;
using Dmkd.Core.Modules;
using Dmkd.Core.Training;
using Dmkd.Data;
using Dmkd.Grains.Merging;
using Dmkd.Grains.Wire;

namespace Dmkd.Grains.Nodes;

/// <summary>Compresses a node's update (proposal 3.4.3), or aligns the replica behind it; run on a device lane.</summary>
internal static class PackingWork
{
    private const int AlignmentBatchSize = 64;

    /// <summary>The node's part of PowerSGD's subspace.</summary>
    /// <param name="request">What was asked for.</param>
    /// <param name="options">How updates are sent.</param>
    /// <param name="update">The update, as safetensors.</param>
    /// <param name="last">The base version's own update, whose right factors are the warm start; null for none.</param>
    /// <param name="lastBasis">The basis of that update.</param>
    public static TensorPayload[] Project(LocalUpdateRequest request, MergeOptions options, byte[] update, TensorPayload[]? last, TensorPayload[]? lastBasis)
    {
        using var delta = WeightCodec.Decode(update);
        if (options.Alignment) return DeltaWire.ToWire(new DenseCompressor().Compress(delta));
        var subspace = last is not null && lastBasis is not null
            ? PowerSgdSubspace.Next(PowerSgdPayload.WithBasis(DeltaWire.FromWire(last), DeltaWire.FromWire(lastBasis)))
            : PowerSgdSubspace.First(delta, options.Rank, (ulong)SeedSequence.Derive(request.Settings.Seed, SeedPurpose.Subspace, request.Task, request.Round));
        return DeltaWire.ToWire(PowerSgdProjection.Project(delta, subspace, MergeWork.CompressionOf(options).Format));
    }

    /// <summary>Compresses.</summary>
    /// <param name="request">What was asked for.</param>
    /// <param name="options">How updates are sent.</param>
    /// <param name="update">The update, as safetensors.</param>
    /// <param name="basis">The round's shared basis, when it has one.</param>
    /// <returns>The payload, and what it leaves out when error is fed back.</returns>
    public static (TensorPayload[] Tensors, byte[]? Residual) Pack(LocalUpdateRequest request, MergeOptions options, byte[] update, TensorPayload[]? basis)
    {
        using var delta = WeightCodec.Decode(update);
        ulong seed = (ulong)SeedSequence.Derive(request.Settings.Seed, SeedPurpose.Compression, request.Task, request.Round, request.NodeIndex);
        var compressor = CompressorCatalog.Create(MergeWork.CompressionOf(options), seed, basis is null ? null : DeltaWire.FromWire(basis));
        if (!options.ErrorFeedback) return (DeltaWire.ToWire(PowerSgdPayload.WithoutBasis(compressor.Compress(delta))), null);
        var (sent, residual) = ErrorFeedback.Compress(compressor, delta, residual: null); // the update holds the last residual already
        using (residual) return (DeltaWire.ToWire(PowerSgdPayload.WithoutBasis(sent)), WeightCodec.Encode(residual));
    }

    /// <summary>Puts the units of the node's replica in the order of the reference's (DIMAT), on the node's own data.</summary>
    /// <param name="job">The lane.</param>
    /// <param name="architecture">Of both replicas.</param>
    /// <param name="baseWeights">Weights that updates are relative to, as safetensors.</param>
    /// <param name="update">The node's update.</param>
    /// <param name="reference">The update of the replica to align to.</param>
    /// <param name="calibration">Images of the node.</param>
    public static TensorPayload[] Align(DeviceJob job, string architecture, byte[] baseWeights, byte[] update, TensorPayload[] reference, ImageSet calibration)
    {
        using var start = WeightCodec.Decode(baseWeights);
        using var own = WeightCodec.Decode(update);
        using var other = DeltaDecompressor.Decompress(DeltaWire.FromWire(reference));
        using var replica = Build(job, architecture, start, own);
        using var target = Build(job, architecture, start, other);
        using var pixels = ImageTensors.PixelTensor(calibration.Pixels, calibration.Count, calibration.Channels, calibration.Height);
        using var inputs = ImageTensors.Normalise(pixels.to(job.Device));
        using var aligned = UnitAlignment.Align(target, replica, inputs, AlignmentBatchSize);
        using var delta = aligned.Weights.Map((name, tensor) => tensor - start[name]);
        return DeltaWire.ToWire(new DenseCompressor().Compress(delta));
    }

    private static Network Build(DeviceJob job, string architecture, WeightSet start, WeightSet update)
    {
        using var sum = start.Map((name, tensor) => tensor + update[name]);
        return NetworkLoader.Load(ArchitectureCatalog.Parse(architecture), sum, job.Device);
    }
}
