using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;
using Dmkd.Core.Checkpoints;
using Dmkd.Core.Devices;
using Dmkd.Core.Merging;
using Dmkd.Core.Merging.Compression;
using Dmkd.Core.Modules;
using Dmkd.Core.Routing;
using Dmkd.Core.Specialization;
using Dmkd.Core.Training;
using Dmkd.Data;
using Dmkd.Grains.Telemetry;
using TorchSharp;
using static TorchSharp.torch;

namespace Dmkd.Grains.Nodes;

/// <summary>The tensor work of a node: synchronous, values in and values out, run on a device lane.</summary>
internal static class LocalWork
{
    private const int UpdatePurpose = 11;
    private const int CompressionPurpose = 12;

    /// <summary>Trains a module on a shard and, when the round merges, compresses the update.</summary>
    public static LocalWorkResult Update(DeviceJob job, LocalWorkInput input, Action<double> progress)
    {
        var request = input.Request;
        var settings = request.Settings;
        using var generator = new Generator(SeedOf(request, UpdatePurpose), CPU);
        using var network = ArchitectureCatalog.Parse(request.Module.Architecture).Build(generator); // a scope does not dispose registered parameters
        using (var starting = WeightCodec.Decode(input.Starting)) starting.CopyTo(network);
        network.to(job.Device);
        using var data = ImageTensors.From(input.Shard.Pixels, input.Shard.Labels, input.Shard.Channels, input.Shard.Height);
        var target = TargetOf(job, request, input.Teacher, generator);
        using var teacher = target?.Teacher;

        var result = LocalUpdate.Run(network, data, OptionsOf(settings, request), generator, target, progress, job.CancellationToken);
        using var updated = WeightSet.CopyOf(network);
        var delta = request.SubmitsDelta ? Compress(input, request, updated) : null;
        byte[]? local = request.SubmitsDelta ? null : WeightCodec.Encode(updated);
        return new LocalWorkResult(result.SampleCount, result.MeanLoss, job.Elapsed, local, delta);
    }

    /// <summary>Entropy of a module's predictions on a calibration set (proposal 3.3).</summary>
    public static (EntropySum Entropy, TimeSpan DeviceTime) Entropy(DeviceJob job, EntropyRequest request, byte[] weights, ImageSet calibration)
    {
        using var generator = new Generator(0UL, CPU);
        using var network = ArchitectureCatalog.Parse(request.Module.Architecture).Build(generator);
        using (var decoded = WeightCodec.Decode(weights)) decoded.CopyTo(network);
        network.to(job.Device);
        network.eval();
        using var pixels = ImageTensors.PixelTensor(calibration.Pixels, calibration.Count, calibration.Channels, calibration.Height);
        using var scores = ExpertScorer.Score(network, pixels.to(job.Device), request.Module.RotationLabelled);
        return (EntropyMetric.Sum(nn.functional.softmax(scores, 1)), job.Elapsed);
    }

    private static CompressedDelta Compress(LocalWorkInput input, LocalUpdateRequest request, WeightSet updated)
    {
        int rank = request.Settings.Rank;
        IDeltaCompressor compressor = rank == 0 ? new DenseCompressor() : new SvdCompressor(rank, SeedOf(request, CompressionPurpose));
        using var activity = DmkdTelemetry.StartCompress(input.Parent, compressor.Name);
        using var baseWeights = WeightCodec.Decode(input.Base);
        using var delta = WeightDelta.Between(baseWeights, updated);
        var compressed = compressor.Compress(delta);
        activity?.SetTag("dmkd.bytes", compressed.ValueBytes).SetTag("dmkd.bytes.dense", delta.DenseBytes);
        return compressed;
    }

    private static DistillationTarget? TargetOf(DeviceJob job, LocalUpdateRequest request, byte[]? teacherWeights, Generator generator)
    {
        if (request.Settings.Lambda <= 0) return null;
        string architecture = request.Teacher?.Architecture ?? request.Module.Architecture;
        var teacher = ArchitectureCatalog.Parse(architecture).Build(generator);
        using (var weights = WeightCodec.Decode(teacherWeights!)) weights.CopyTo(teacher);
        teacher.to(job.Device);
        if (request.Teacher is { } legacy)
            return new DistillationTarget(teacher, legacy.Outputs, [.. Enumerable.Range(0, legacy.Outputs.Length)], UprightOnly: true);
        int[] all = [.. Enumerable.Range(0, teacher.Architecture.OutputCount)];
        return new DistillationTarget(teacher, all, all, UprightOnly: false);
    }

    private static LocalUpdateOptions OptionsOf(RunSettings settings, LocalUpdateRequest request) => new()
    {
        Epochs = settings.Epochs,
        BatchSize = settings.BatchSize,
        LearningRate = LearningRateSchedule.Cosine(settings.LearningRate, request.Round, settings.Rounds),
        DistillationWeight = settings.Lambda,
        RotationLabelled = request.Module.RotationLabelled,
    };

    private static ulong SeedOf(LocalUpdateRequest request, int purpose) =>
        (ulong)SeedSequence.Derive(request.Settings.Seed, purpose, request.Task, request.Round, request.NodeIndex);
}
