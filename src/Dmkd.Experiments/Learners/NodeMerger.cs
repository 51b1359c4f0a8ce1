using Dmkd.Core.Merging;
using Dmkd.Core.Merging.Alignment;
using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Learners;

/// <summary>
/// Merges the networks of nodes. In a full graph node 0 is the reference and all take its average, which is how DIMAT's
/// published code does it; every node's weights count as sent and fetched once, as in DMKD's rounds, where the merger
/// is none of the nodes. In a ring each node is the reference of its own average and sends its weights to both
/// neighbours.
/// </summary>
internal sealed class NodeMerger(MergeOptions options, Traffic traffic)
{
    private const int BatchSize = 64;

    /// <summary>Whether all nodes have the same network after a merge.</summary>
    public bool NodesAgree => options.Topology == Topology.FullyConnected;

    /// <summary>Merges.</summary>
    /// <param name="nodes">One network per node, of one architecture, on one device. Their states are
    /// overwritten.</param>
    /// <param name="inputs">For each node the images it measures on, normalised, at least 2, on the device; none when
    /// nothing is measured. Borrowed.</param>
    public void Merge(IReadOnlyList<Network> nodes, IReadOnlyList<Tensor> inputs)
    {
        using var scope = NewDisposeScope();
        byte[][] sent =
        [
            .. nodes.Select(
                (network, node) => Send(network, NodesAgree ? 1 : options.SourcesOf(node, nodes.Count).Length - 1)
            ),
        ];
        if (NodesAgree)
            MergeForAll(nodes, sent, inputs);
        else
            MergeForEach(nodes, sent, inputs);
    }

    private void MergeForAll(IReadOnlyList<Network> nodes, byte[][] sent, IReadOnlyList<Tensor> inputs)
    {
        using var mean = Average(
            nodes[0].Architecture,
            [.. options.SourcesOf(0, nodes.Count).Select(source => sent[source])],
            inputs,
            0
        );
        traffic.Send(mean, sent: 0, fetched: nodes.Count);
        foreach (var node in nodes)
            mean.CopyTo(node);
        if (!options.ResetBatchNorm)
            return;
        if (options.Statistics == StatisticsSource.Local)
        {
            PoolStatistics(nodes, inputs);
            return;
        }

        BatchNormStatistics.Reestimate(nodes[0], inputs[0], BatchSize); // all have the same weights and images
        using var state = WeightSet.CopyOf(nodes[0]);
        foreach (var node in nodes.Skip(1))
            state.CopyTo(node);
    }

    private void MergeForEach(IReadOnlyList<Network> nodes, byte[][] sent, IReadOnlyList<Tensor> inputs)
    {
        for (int node = 0; node < nodes.Count; node++)
        {
            using var mean = Average(
                nodes[node].Architecture,
                [.. options.SourcesOf(node, nodes.Count).Select(source => sent[source])],
                inputs,
                node
            );
            mean.CopyTo(nodes[node]);
            if (options.ResetBatchNorm)
                BatchNormStatistics.Reestimate(nodes[node], inputs[node], BatchSize);
        }
    }

    private byte[] Send(Network network, int times)
    {
        using var weights = WeightSet.CopyOf(network);
        return traffic.Send(weights, sent: times, fetched: NodesAgree ? 0 : times);
    }

    private WeightSet Average(
        NetworkArchitecture architecture,
        IReadOnlyList<byte[]> referenceFirst,
        IReadOnlyList<Tensor> inputs,
        int reference
    )
    {
        WeightSet[] sets = options.Align
            ? Aligned(architecture, referenceFirst, inputs[reference])
            : [.. referenceFirst.Select(bytes => WeightCodec.Decode(bytes))];
        try
        {
            return WeightMeans.Mean(sets);
        }
        finally
        {
            foreach (var set in sets)
                set.Dispose();
        }
    }

    private static WeightSet[] Aligned(
        NetworkArchitecture architecture,
        IReadOnlyList<byte[]> referenceFirst,
        Tensor inputs
    )
    {
        using var reference = Load(architecture, referenceFirst[0], inputs);
        return
        [
            WeightSet.CopyOf(reference),
            .. referenceFirst.Skip(1).Select(bytes => AlignedTo(reference, bytes, inputs)),
        ];
    }

    private static Network Load(NetworkArchitecture architecture, byte[] bytes, Tensor inputs)
    {
        using var weights = WeightCodec.Decode(bytes);
        var network = NetworkLoader.Load(architecture, weights, inputs.device);
        BatchNormStatistics.Reestimate(network, inputs, BatchSize);
        return network;
    }

    private static WeightSet AlignedTo(Network reference, byte[] bytes, Tensor inputs)
    {
        using var replica = Load(reference.Architecture, bytes, inputs);
        using var aligned = UnitAlignment.Align(reference, replica, inputs, BatchSize);
        return aligned.Weights.Clone();
    }

    private void PoolStatistics(IReadOnlyList<Network> nodes, IReadOnlyList<Tensor> inputs)
    {
        WeightSet[] measured = [.. nodes.Select((node, i) => Measure(node, inputs[i]))];
        using var pooled = WeightMeans.Pool(measured, [.. inputs.Select(images => images.shape[0])]);
        foreach (var own in measured)
        {
            traffic.Send(own, sent: 1, fetched: 0);
            own.Dispose();
        }

        traffic.Send(pooled, sent: 0, fetched: nodes.Count);
        using var state = WeightSet.CopyOf(nodes[0]);
        using var complete = state.Map(
            (name, tensor) => (pooled.TryGetValue(name, out var value) ? value : tensor).clone()
        );
        foreach (var node in nodes)
            complete.CopyTo(node);
    }

    private static WeightSet Measure(Network node, Tensor inputs)
    {
        BatchNormStatistics.Reestimate(node, inputs, BatchSize);
        using var scope = NewDisposeScope();
        using var state = WeightSet.CopyOf(node);
        return new WeightSet([
            .. state
                .Where(pair => RunningStatistics.Contains(pair.Key))
                .Select(pair => KeyValuePair.Create(pair.Key, pair.Value.clone())),
        ]);
    }
}

/// <summary>Means of whole states, in float64 with one rounding at the end.</summary>
internal static class WeightMeans
{
    /// <summary>The plain mean, <c>(1/n) Σ W_n</c>, running statistics included.</summary>
    /// <param name="sets">At least one, of equal names and shapes. Borrowed.</param>
    /// <returns>In the first set's order, owned by the caller.</returns>
    public static WeightSet Mean(IReadOnlyList<WeightSet> sets) =>
        sets[0]
            .Map(
                (name, _) =>
                    (
                        sets.Select(set => set[name].to(ScalarType.Float64)).Aggregate((sum, next) => sum + next)
                        / sets.Count
                    ).to(ScalarType.Float32)
            );

    /// <summary>
    /// The running statistics of all images together: weighted means, and variances by the law of total variance.
    /// </summary>
    /// <param name="sets">What each node measured: running means and variances. Borrowed.</param>
    /// <param name="counts">Images behind each, at least one in all.</param>
    /// <returns>In the first set's order, owned by the caller.</returns>
    public static WeightSet Pool(IReadOnlyList<WeightSet> sets, IReadOnlyList<long> counts)
    {
        double total = counts.Sum();
        return sets[0]
            .Map(
                (name, _) =>
                {
                    if (!RunningStatistics.IsVariance(name))
                        return Weighted(set => set[name].to(ScalarType.Float64)).to(ScalarType.Float32);
                    string mean = RunningStatistics.MeanOf(name);
                    var square = Weighted(set =>
                        set[name].to(ScalarType.Float64) + set[mean].to(ScalarType.Float64).square()
                    );
                    return (square - Weighted(set => set[mean].to(ScalarType.Float64)).square())
                        .clamp_min(0)
                        .to(ScalarType.Float32);
                }
            );

        Tensor Weighted(Func<WeightSet, Tensor> value) =>
            sets.Select((set, i) => value(set) * (counts[i] / total)).Aggregate((sum, next) => sum + next);
    }
}
