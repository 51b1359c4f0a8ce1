using Dmkd.Core.Merging;
using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Merging.Rules;
using Dmkd.Core.Tensors;

namespace Dmkd.Core.Tests.Merging;

/// <summary>What nodes and coordinator do with updates, in one call each.</summary>
internal static class Packing
{
    /// <summary>A node's packed update.</summary>
    public static CompressedDelta Compress(
        this IUpdateExchange exchange,
        WeightSet delta,
        CompressedDelta? basis = null,
        ulong seed = 1
    ) => exchange.Pack(new NodeUpdate(delta) { Seed = seed }, basis);

    /// <summary>A node's packed update with what an earlier one left out.</summary>
    public static (CompressedDelta Sent, WeightSet Residual) Feed(
        IUpdateExchange exchange,
        WeightSet delta,
        WeightSet? residual,
        CompressedDelta? basis = null
    )
    {
        using var wanted = ErrorFeedback.Add(delta, residual);
        var packed = ErrorFeedback.Pack(exchange, new NodeUpdate(wanted) { Seed = 1 }, basis);
        return (packed.Sent, packed.Residual);
    }

    /// <summary>Weights and the mean of updates; null weighs all alike.</summary>
    public static WeightSet Averaged(WeightSet start, IReadOnlyList<WeightSet> deltas, double[]? weights = null)
    {
        using var merged = new WeightedMeanRule().Merge(deltas, weights ?? [.. deltas.Select(_ => 1.0)]);
        return ModuleAverager.Apply(start, merged.Update);
    }
}
