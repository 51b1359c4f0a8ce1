using Dmkd.Contracts.Merging;
using Dmkd.Core.Checkpoints;
using Dmkd.Core.Devices;
using Dmkd.Core.Merging;
using Dmkd.Core.Merging.Compression;
using Dmkd.Grains.Wire;

namespace Dmkd.Grains.Merging;

/// <summary>The tensor work of a merge coordinator: synchronous, values in and values out, run on a device lane.</summary>
internal static class MergeWork
{
    /// <summary>What is wrong with a submission's tensors, or null; and what the update would take as dense fp32.</summary>
    public static (string? Problem, long DenseBytes) Check(byte[] baseWeights, DeltaSubmission submission)
    {
        using var weights = WeightCodec.Decode(baseWeights);
        return (DeltaCheck.FindProblem(weights, DeltaWire.FromWire(submission.Tensors)), weights.DenseBytes);
    }

    /// <summary>Base plus the mean of the deltas (proposal 3.4.2), plain or weighted by sample counts, summed in the order given.</summary>
    public static (byte[] Weights, TimeSpan DeviceTime) Merge(
        DeviceJob job, string rule, byte[] baseWeights, IReadOnlyList<DeltaSubmission> inNodeOrder)
    {
        using var weights = WeightCodec.Decode(baseWeights);
        var deltas = inNodeOrder.Select(submission => DeltaDecompressor.Decompress(DeltaWire.FromWire(submission.Tensors))).ToArray();
        try
        {
            using var merged = rule switch
            {
                MergeRuleNames.Mean => ModuleAverager.Merge(weights, deltas),
                MergeRuleNames.Weighted => ModuleAverager.MergeWeighted(weights, deltas, [.. inNodeOrder.Select(submission => (double)submission.SampleCount)]),
                _ => throw new ArgumentException($"There is no merge rule '{rule}'; there are: {string.Join(", ", MergeRuleNames.All)}.", nameof(rule)),
            };
            return (WeightCodec.Encode(merged), job.Elapsed);
        }
        finally
        {
            foreach (var delta in deltas) delta.Dispose();
        }
    }
}
