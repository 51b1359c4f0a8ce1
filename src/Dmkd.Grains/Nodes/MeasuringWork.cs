using System.Runtime.InteropServices;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Devices;
using Dmkd.Core.Merging;
using Dmkd.Core.Modalities;
using Dmkd.Core.Models;
using Dmkd.Core.Routing;
using Dmkd.Core.Routing.Discriminants;
using Dmkd.Core.Tensors;
using Dmkd.Core.Training;
using Dmkd.Grains.Experts;
using static TorchSharp.torch;

namespace Dmkd.Grains.Nodes;

/// <summary>Measures a module on a node's calibration set; run on a device lane.</summary>
internal static class MeasuringWork
{
    private const int BatchSize = 64;

    /// <summary>Entropy of the predictions, and sum of the evidence (proposal 3.3).</summary>
    public static EntropyReport Entropy(
        DeviceJob job,
        ModuleDescriptor module,
        ReadOnlyMemory<byte> weights,
        IExamples calibration,
        RoutingSettings routing
    )
    {
        using var scores = Score(job, module, weights, calibration, routing);
        var score = EvidenceScores.Find(routing.Score);
        double evidence = 0;
        foreach (float[] own in TensorMemory.ToArray(scores).Chunk(module.Classes.Length))
            evidence += EvidenceScores.Of(score, Array.ConvertAll(own, value => (double)value));
        var entropy = EntropyMetric.Sum(nn.functional.softmax(scores, 1));
        return new EntropyReport(entropy.Total, entropy.Count, evidence);
    }

    /// <summary>A module's scores of exemplars, which bear the data set's labels.</summary>
    public static ExemplarReport Exemplars(
        DeviceJob job,
        ModuleDescriptor module,
        ReadOnlyMemory<byte> weights,
        IExamples exemplars,
        RoutingSettings routing,
        bool wantsDescriptors
    )
    {
        using var scores = Score(job, module, weights, exemplars, routing);
        double[] descriptors = [];
        if (wantsDescriptors)
            descriptors = ModalityOf(module).Describe(exemplars);
        byte[] told = MemoryMarshal.AsBytes<float>(TensorMemory.ToArray(scores)).ToArray();
        return new ExemplarReport(exemplars.Count, exemplars.Labels, told, ToBytes(descriptors));
    }

    /// <summary>Moments of images in a module's feature space; they bear the data set's labels.</summary>
    /// <exception cref="InvalidOperationException">The module has more features than may be told.</exception>
    public static MomentsReport Moments(
        DeviceJob job,
        ModuleDescriptor module,
        ReadOnlyMemory<byte> weights,
        IExamples images,
        int[] classes,
        RoutingSettings routing
    )
    {
        using var network = Load(job, module, weights);
        using var inputs = ModalityOf(module).Encode(images);
        var (scores, features) = ModalityOf(module)
            .ScoreWithFeatures(network, inputs.to(job.Device), ModuleSignatures.ScoringOf(module, routing));
        using (scores)
        using (features)
        {
            if (features.shape[1] > MomentsProbe.MaxFeatures)
                throw new InvalidOperationException(
                    $"{module.Key} has {features.shape[1]} features over {routing.Views} views; "
                        + $"discriminants take at most {MomentsProbe.MaxFeatures}. Use fewer views or another calibration."
                );
            var moments = FeatureMoments.Of(features, images.Labels, classes);
            return new MomentsReport(
                moments.Width,
                moments.Classes,
                moments.Counts,
                ToBytes(moments.Sums),
                ToBytes(moments.Products)
            );
        }
    }

    /// <summary>Accuracy and cross-entropy of two versions on the same images.</summary>
    public static ComparisonReport Compare(
        DeviceJob job,
        ModuleDescriptor module,
        ReadOnlyMemory<byte> before,
        ReadOnlyMemory<byte> after,
        IExamples calibration,
        RoutingSettings routing
    )
    {
        using var scope = NewDisposeScope();
        var labels = tensor([.. calibration.Labels.Select(label => (long)label)], dtype: ScalarType.Int64);
        var (rightBefore, lossBefore) = Judge(Score(job, module, before, calibration, routing), labels);
        var (rightAfter, lossAfter) = Judge(Score(job, module, after, calibration, routing), labels);
        return new ComparisonReport(calibration.Count, rightBefore, rightAfter, lossBefore, lossAfter);
    }

    /// <summary>Running means and variances, measured anew, as safetensors.</summary>
    public static StatisticsReport Statistics(
        DeviceJob job,
        ModuleDescriptor module,
        ReadOnlyMemory<byte> weights,
        IExamples calibration
    )
    {
        using var network = Load(job, module, weights);
        using var encoded = ModalityOf(module).Encode(calibration);
        using var inputs = ModalityOf(module).Normalise(encoded.to(job.Device), module.Normalisation);
        BatchNormStatistics.Reestimate(network, inputs, BatchSize);
        using var all = WeightSet.CopyOf(network);
        var own = all.Where(pair => RunningStatistics.Contains(pair.Key));
        using var statistics = new WeightSet([
            .. own.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.clone())),
        ]);
        return new StatisticsReport(calibration.Count, WeightCodec.Encode(statistics));
    }

    private static byte[] ToBytes(double[] values) =>
        MemoryMarshal.AsBytes<float>(Array.ConvertAll(values, value => (float)value)).ToArray();

    private static (long Right, double Loss) Judge(Tensor scores, Tensor labels) =>
        (
            scores.argmax(1).eq(labels).sum().item<long>(),
            nn.functional.cross_entropy(scores, labels, reduction: nn.Reduction.Sum)
                .to(ScalarType.Float64)
                .item<double>()
        );

    private static Tensor Score(
        DeviceJob job,
        ModuleDescriptor module,
        ReadOnlyMemory<byte> weights,
        IExamples calibration,
        RoutingSettings routing
    )
    {
        using var network = Load(job, module, weights);
        using var inputs = ModalityOf(module).Encode(calibration);
        return ModalityOf(module).Score(network, inputs.to(job.Device), ModuleSignatures.ScoringOf(module, routing));
    }

    private static Network Load(DeviceJob job, ModuleDescriptor module, ReadOnlyMemory<byte> weights) =>
        NetworkLoader.Load(module.Architecture, weights.Span, job.Device);

    private static IModality ModalityOf(ModuleDescriptor module) => ModalityCatalog.Of(module.ReadSignature());
}
