using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Nodes;
using Dmkd.Core.Checkpoints;
using Dmkd.Core.Devices;
using Dmkd.Core.Merging;
using Dmkd.Core.Merging.Compression;
using Dmkd.Core.Modules;
using Dmkd.Core.Routing;
using Dmkd.Core.Specialization;
using Dmkd.Core.Training;
using Dmkd.Data;
using static TorchSharp.torch;

namespace Dmkd.Grains.Nodes;

/// <summary>Measures a module on a node's calibration set; run on a device lane.</summary>
internal static class MeasuringWork
{
    private const int BatchSize = 64;

    /// <summary>Entropy of the predictions (proposal 3.3).</summary>
    public static (EntropySum Entropy, TimeSpan DeviceTime) Entropy(DeviceJob job, ModuleDescriptor module, byte[] weights, ImageSet calibration)
    {
        using var scores = Score(job, module, weights, calibration);
        return (EntropyMetric.Sum(nn.functional.softmax(scores, 1)), job.Elapsed);
    }

    /// <summary>Accuracy and cross-entropy of two versions on the same images.</summary>
    public static CandidateReport Compare(DeviceJob job, ModuleDescriptor module, byte[] before, byte[] after, ImageSet calibration)
    {
        using var scope = NewDisposeScope();
        var labels = tensor([.. calibration.Labels.Select(label => (long)label)], dtype: ScalarType.Int64);
        var (rightBefore, lossBefore) = Judge(Score(job, module, before, calibration), labels);
        var (rightAfter, lossAfter) = Judge(Score(job, module, after, calibration), labels);
        return new CandidateReport(calibration.Count, rightBefore, rightAfter, lossBefore, lossAfter, job.Elapsed.TotalSeconds);
    }

    /// <summary>Running means and variances, measured anew.</summary>
    public static (CompressedDelta Statistics, long Count, TimeSpan DeviceTime) Statistics(DeviceJob job, ModuleDescriptor module, byte[] weights, ImageSet calibration)
    {
        using var network = Load(job, module, weights);
        using var pixels = PixelsOf(calibration);
        using var inputs = ImageTensors.Normalise(pixels.to(job.Device));
        BatchNormStatistics.Reestimate(network, inputs, BatchSize);
        using var all = WeightSet.CopyOf(network);
        using var statistics = new WeightSet([.. all.Where(pair => RunningStatistics.Contains(pair.Key)).Select(pair => KeyValuePair.Create(pair.Key, pair.Value.clone()))]);
        return (new DenseCompressor().Compress(statistics), calibration.Count, job.Elapsed);
    }

    private static (long Right, double Loss) Judge(Tensor scores, Tensor labels) => (
        scores.argmax(1).eq(labels).sum().item<long>(),
        nn.functional.cross_entropy(scores, labels, reduction: nn.Reduction.Sum).to(ScalarType.Float64).item<double>());

    private static Tensor Score(DeviceJob job, ModuleDescriptor module, byte[] weights, ImageSet calibration)
    {
        using var network = Load(job, module, weights);
        using var pixels = PixelsOf(calibration);
        return ExpertScorer.Score(network, pixels.to(job.Device), module.RotationLabelled);
    }

    private static Network Load(DeviceJob job, ModuleDescriptor module, byte[] weights) => NetworkLoader.Load(module.Architecture, weights, job.Device);

    private static Tensor PixelsOf(ImageSet images) => ImageTensors.PixelTensor(images.Pixels, images.Count, images.Channels, images.Height);
}
