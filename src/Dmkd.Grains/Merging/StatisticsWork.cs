using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Wire;
using Dmkd.Core.Checkpoints;
using Dmkd.Core.Devices;
using Dmkd.Core.Merging;
using Dmkd.Core.Merging.Compression;
using Dmkd.Core.Modules;
using Dmkd.Grains.Wire;
using static TorchSharp.torch;

namespace Dmkd.Grains.Merging;

/// <summary>Puts the nodes' batch-norm statistics of merged weights together; run on a device lane.</summary>
internal static class StatisticsWork
{
    /// <summary>Replaces the statistics: the mean of the nodes' means, and the variance of all their images together, weighted by images.</summary>
    /// <param name="job">The lane.</param>
    /// <param name="baseWeights">Weights that were merged onto.</param>
    /// <param name="mergedWeights">Merged weights.</param>
    /// <param name="update">Their compressed update from the base, when there is one.</param>
    /// <param name="basis">The basis of that update, when it has one.</param>
    /// <param name="inNodeOrder">What the nodes measured; reports of other tensors, or with values that are not finite, are left out.</param>
    public static (byte[] Weights, TensorPayload[]? Update, TimeSpan DeviceTime) Restate(
        DeviceJob job, byte[] baseWeights, byte[] mergedWeights, TensorPayload[]? update, TensorPayload[]? basis, IReadOnlyList<StatisticsReport> inNodeOrder)
    {
        using var start = WeightCodec.Decode(baseWeights);
        using var merged = WeightCodec.Decode(mergedWeights);
        using var known = new WeightSet([.. merged.Where(pair => RunningStatistics.Contains(pair.Key)).Select(pair => KeyValuePair.Create(pair.Key, pair.Value.clone()))]);
        StatisticsReport[] usable = [.. inNodeOrder.Where(report => report.SampleCount > 0 && DeltaCheck.FindProblem(known, DeltaWire.FromWire(report.Statistics)) is null)];
        if (usable.Length == 0) return (mergedWeights, update, job.Elapsed);
        using var pooled = Pool(usable);
        if (update is null)
        {
            using var restated = merged.Map((name, tensor) => (pooled.TryGetValue(name, out var value) ? value : tensor).clone());
            return (WeightCodec.Encode(restated), null, job.Elapsed);
        }

        using var change = new WeightSet([.. pooled.Select(pair => KeyValuePair.Create(pair.Key, pair.Value - start[pair.Key]))]);
        var dense = new DenseCompressor().Compress(change).Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        var payload = new CompressedDelta([.. DeltaWire.FromWire(update).Tensors.Select(tensor => dense.GetValueOrDefault(tensor.Name) ?? tensor)]);
        using var applied = DeltaApplier.Apply(start, basis is null ? payload : PowerSgdPayload.WithBasis(payload, DeltaWire.FromWire(basis)));
        return (WeightCodec.Encode(applied), DeltaWire.ToWire(payload), job.Elapsed);
    }

    /// <summary>By the law of total variance.</summary>
    private static WeightSet Pool(IReadOnlyList<StatisticsReport> reports)
    {
        double total = reports.Sum(report => report.SampleCount);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var sets = reports.Select(report => (Set: DeltaDecompressor.Decompress(DeltaWire.FromWire(report.Statistics)), Share: report.SampleCount / total)).ToArray();
        try
        {
            return sets[0].Set.Map((name, _) =>
            {
                if (!RunningStatistics.IsVariance(name)) return WeightedSum(set => set[name]).to(ScalarType.Float32);
                string meanName = RunningStatistics.MeanOf(name);
                var mean = WeightedSum(set => set[meanName]);
                return (WeightedSum(set => set[name] + set[meanName].to(ScalarType.Float64).square()) - mean.square()).clamp_min(0).to(ScalarType.Float32);
            });
        }
        finally
        {
            foreach (var (set, _) in sets) set.Dispose();
        }

        Tensor WeightedSum(Func<WeightSet, Tensor> value)
        {
            var sum = value(sets[0].Set).to(ScalarType.Float64) * sets[0].Share;
            foreach (var (set, share) in sets[1..]) sum += value(set).to(ScalarType.Float64) * share;
            return sum;
        }
    }
}
