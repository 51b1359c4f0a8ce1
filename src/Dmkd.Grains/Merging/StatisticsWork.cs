using Dmkd.Contracts.Nodes;
using Dmkd.Core.Devices;
using Dmkd.Core.Merging;
using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Grains.Merging;

/// <summary>Puts the nodes' batch-norm statistics of merged weights together; run on a device lane.</summary>
internal static class StatisticsWork
{
    /// <summary>
    /// Replaces the statistics: the mean of the nodes' means, and the variance of all their images together, weighted
    /// by images.
    /// </summary>
    /// <param name="job">The lane.</param>
    /// <param name="baseWeights">Weights that were merged onto.</param>
    /// <param name="mergedWeights">Merged weights.</param>
    /// <param name="update">How they differ from the base, when that is smaller.</param>
    /// <param name="inNodeOrder">What the nodes measured; reports of other tensors, or with values that are not finite,
    /// are left out.</param>
    public static RestatedWeights Restate(
        DeviceJob job,
        ReadOnlyMemory<byte> baseWeights,
        ReadOnlyMemory<byte> mergedWeights,
        VersionUpdate update,
        IReadOnlyList<StatisticsReport> inNodeOrder
    )
    {
        using var start = WeightCodec.Decode(baseWeights.Span);
        using var merged = WeightCodec.Decode(mergedWeights.Span);
        using var known = new WeightSet([
            .. merged
                .Where(pair => RunningStatistics.Contains(pair.Key))
                .Select(pair => KeyValuePair.Create(pair.Key, pair.Value.clone())),
        ]);
        StatisticsReport[] usable =
        [
            .. inNodeOrder.Where(report => report.SampleCount > 0 && IsUsable(report.Statistics, known)),
        ];
        if (usable.Length == 0)
            return new RestatedWeights(mergedWeights, update.Update, job.Elapsed);
        using var pooled = Pool(usable, known);
        if (update.Update is null)
        {
            using var restated = merged.Map(
                (name, tensor) => (pooled.TryGetValue(name, out var value) ? value : tensor).clone()
            );
            return new RestatedWeights(WeightCodec.Encode(restated), null, job.Elapsed);
        }

        using var change = new WeightSet([
            .. pooled.Select(pair => KeyValuePair.Create(pair.Key, pair.Value - start[pair.Key])),
        ]);
        var dense = DenseExchange.Whole(change).Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        var changed = UpdateBundle
            .Read(update.Update.Value, start)
            .Tensors.Select(tensor => dense.GetValueOrDefault(tensor.Name) ?? tensor);
        var payload = new CompressedDelta([.. changed]);
        var basis = update.Basis is { } shared ? UpdateBundle.Read(shared, start) : null;
        using var applied = DeltaApplier.Apply(start, PowerSgdPayload.Joined(payload, basis));
        return new RestatedWeights(WeightCodec.Encode(applied), UpdateBundle.ToBytes(payload), job.Elapsed);
    }

    private static bool IsUsable(byte[] statistics, WeightSet known)
    {
        try
        {
            return DeltaCheck.FindProblem(known, UpdateBundle.Read(statistics, known)) is null;
        }
        catch (CheckpointFormatException)
        {
            return false;
        }
    }

    /// <summary>By the law of total variance.</summary>
    private static WeightSet Pool(IReadOnlyList<StatisticsReport> reports, WeightSet known)
    {
        double total = reports.Sum(report => report.SampleCount);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var sets = reports
            .Select(report =>
                (
                    Set: DeltaDecompressor.Decompress(UpdateBundle.Read(report.Statistics, known)),
                    Share: report.SampleCount / total
                )
            )
            .ToArray();
        try
        {
            return sets[0]
                .Set.Map(
                    (name, _) =>
                    {
                        if (!RunningStatistics.IsVariance(name))
                            return WeightedSum(set => set[name]).to(ScalarType.Float32);
                        string meanName = RunningStatistics.MeanOf(name);
                        var mean = WeightedSum(set => set[meanName]);
                        return (
                            WeightedSum(set => set[name] + set[meanName].to(ScalarType.Float64).square())
                            - mean.square()
                        )
                            .clamp_min(0)
                            .to(ScalarType.Float32);
                    }
                );
        }
        finally
        {
            foreach (var (set, _) in sets)
                set.Dispose();
        }

        Tensor WeightedSum(Func<WeightSet, Tensor> value)
        {
            var sum = value(sets[0].Set).to(ScalarType.Float64) * sets[0].Share;
            foreach (var (set, share) in sets[1..])
                sum += value(set).to(ScalarType.Float64) * share;
            return sum;
        }
    }
}

/// <summary>How a version differs from its base, as safetensors.</summary>
/// <param name="Update">The compressed update; null when the weights themselves are no larger.</param>
/// <param name="Basis">The basis of the update; null when it needs none.</param>
internal sealed record VersionUpdate(ReadOnlyMemory<byte>? Update, ReadOnlyMemory<byte>? Basis);

/// <summary>Merged weights with other statistics, as safetensors.</summary>
/// <param name="Weights">The weights.</param>
/// <param name="Update">How they differ from the base, when that is smaller.</param>
/// <param name="DeviceTime">Device time.</param>
internal sealed record RestatedWeights(ReadOnlyMemory<byte> Weights, ReadOnlyMemory<byte>? Update, TimeSpan DeviceTime);
