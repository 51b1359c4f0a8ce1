using Dmkd.Contracts.Nodes;
using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Merging;
using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Modalities;
using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;
using Dmkd.Core.Training;
using Dmkd.Data.Seeds;
using Dmkd.Grains.Experts;
using TorchSharp;
using static TorchSharp.torch;

namespace Dmkd.Grains.Nodes;

/// <summary>
/// Trains a module on a node's shard (proposal 3.4.1): synchronous, values in and values out, run on a device lane.
/// </summary>
internal static class LocalWork
{
    /// <summary>
    /// Trains; the tensors are the update when the round merges, else the trained weights. What compression dropped
    /// before is put under the training, not on top of it: a node that starts without it learns it again, and the sum
    /// would count it twice. The update, relative to the base, is Δ + e either way (proposal 3.4, error feedback).
    /// </summary>
    /// <param name="job">The lane.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="shard">The node's examples of the task.</param>
    /// <param name="baseWeights">Weights the update is relative to, as safetensors.</param>
    /// <param name="starting">Weights to start from.</param>
    /// <param name="teacher">Weights of the distillation teacher, when λ is above 0.</param>
    /// <param name="residual">What compression has dropped so far and the weights to start from do not hold, or
    /// null.</param>
    /// <param name="progress">Receives the share done, in (0, 1].</param>
    public static TrainedTensors Train(
        DeviceJob job,
        LocalUpdateRequest request,
        IExamples shard,
        ReadOnlyMemory<byte> baseWeights,
        ReadOnlyMemory<byte> starting,
        ReadOnlyMemory<byte>? teacher,
        ReadOnlyMemory<byte>? residual,
        Action<double> progress
    )
    {
        using var generator = new Generator(SeedOf(request, SeedPurpose.LocalUpdate), CPU);
        // a scope does not dispose registered parameters
        using var network = ArchitectureCatalog.Parse(request.Module.Architecture).Build(generator);
        using (var first = FirstWeights(request, network.Architecture, starting, residual))
            first.CopyTo(network);
        network.to(job.Device);
        var labels = LabelsOf(request, network.Architecture);
        using var data = ModalityOf(request).TrainingData(shard, labels);
        var target = TargetOf(job, request, teacher, generator);
        using var teacherNetwork = target?.Teacher;

        Objective objective = new CrossEntropy();
        if (target is not null)
            objective += new TeacherDistillation(target) * request.Settings.Training.Lambda;
        var result = Trainer.Run(
            network,
            data,
            objective,
            OptionsOf(request),
            generator,
            progress,
            job.CancellationToken
        );
        var updated = WeightSet.CopyOf(network);
        if (!request.SubmitsDelta)
            return new TrainedTensors(result, updated, job.Elapsed);
        using (updated)
        {
            using var start = WeightCodec.Decode(baseWeights.Span);
            return new TrainedTensors(result, WeightDelta.Between(start, updated), job.Elapsed);
        }
    }

    /// <summary>Those given with what was dropped, or in a module's first round weights of the node's own.</summary>
    private static WeightSet FirstWeights(
        LocalUpdateRequest request,
        NetworkArchitecture architecture,
        ReadOnlyMemory<byte> starting,
        ReadOnlyMemory<byte>? residual
    )
    {
        if (request.Settings.Merging.OwnFirstWeights && request.Round == 0)
            return WeightTransfer.RandomWeights(
                architecture,
                (ulong)
                    SeedSequence.Derive(
                        request.Settings.Seed,
                        SeedPurpose.OwnFirstWeights,
                        request.Task,
                        request.NodeIndex
                    )
            );
        if (residual is not { } left)
            return WeightCodec.Decode(starting.Span);
        using var weights = WeightCodec.Decode(starting.Span);
        using var dropped = WeightCodec.Decode(left.Span);
        return ErrorFeedback.Add(weights, dropped);
    }

    private static DistillationTarget? TargetOf(
        DeviceJob job,
        LocalUpdateRequest request,
        ReadOnlyMemory<byte>? teacherWeights,
        Generator generator
    )
    {
        if (request.Settings.Training.Lambda <= 0)
            return null;
        string architecture = request.Teacher?.Architecture ?? request.Module.Architecture;
        var teacher = ArchitectureCatalog.Parse(architecture).Build(generator);
        using (var weights = WeightCodec.Decode(teacherWeights!.Value.Span))
            weights.CopyTo(teacher);
        teacher.to(job.Device);
        if (request.Teacher is { } legacy)
            return new DistillationTarget(
                teacher,
                legacy.Outputs,
                [.. Enumerable.Range(0, legacy.Outputs.Length)],
                PlainOnly: true
            );
        int[] all = [.. Enumerable.Range(0, teacher.Architecture.OutputCount)];
        return new DistillationTarget(teacher, all, all, PlainOnly: false);
    }

    private static IModality ModalityOf(LocalUpdateRequest request) =>
        ModalityCatalog.Of(request.Module.ReadSignature());

    private static ILabelSpace LabelsOf(LocalUpdateRequest request, NetworkArchitecture architecture) =>
        ModalityOf(request)
            .LabelsOf(
                request.Module.ReadSignature().LabelSpace,
                architecture.OutputCount,
                request.Settings.Training.AllViews
            );

    private static TrainingOptions OptionsOf(LocalUpdateRequest request) =>
        new()
        {
            Epochs = request.Settings.Training.Epochs,
            BatchSize = request.Settings.Training.BatchSize,
            LearningRate = LearningRateSchedule.Cosine(
                request.Settings.Training.LearningRate,
                request.Round,
                request.Settings.Training.Rounds
            ),
        };

    private static ulong SeedOf(LocalUpdateRequest request, int purpose) =>
        (ulong)SeedSequence.Derive(request.Settings.Seed, purpose, request.Task, request.Round, request.NodeIndex);
}

/// <summary>What a training made. Owns its tensors, on the CPU.</summary>
/// <param name="Result">How it went.</param>
/// <param name="Tensors">The update when the round merges, else the trained weights.</param>
/// <param name="DeviceTime">Device time.</param>
internal sealed record TrainedTensors(TrainingResult Result, WeightSet Tensors, TimeSpan DeviceTime) : IDisposable
{
    /// <summary>The tensors as safetensors, where they are stored as they are.</summary>
    public byte[]? Content { get; init; }

    public void Dispose() => Tensors.Dispose();
}
