using Dmkd.Core.Merging.Alignment;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using Dmkd.Experiments.Learners;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Tests.Methods.Decentralized;

public sealed class NodeMergerTests
{
    private static readonly MergeOptions Plain = new(
        Topology.FullyConnected,
        Align: false,
        ResetBatchNorm: false,
        StatisticsSource.Local,
        100
    );
    private static readonly MergeOptions Matching = Plain with
    {
        Align = true,
        ResetBatchNorm = true,
        Statistics = StatisticsSource.Global,
    };

    [Theory]
    [InlineData(Topology.FullyConnected)]
    [InlineData(Topology.Ring)]
    public void Merge_PermutedReplica_IsRecoveredByMatchingAndNotByPlainAveraging(Topology topology)
    {
        using var scope = NewDisposeScope();
        var images = Inputs(1);
        using var original = Settled(images);
        var expected = Answers(original, images);
        Assert.True(
            Largest(Answers(Merged(Plain with { Topology = topology }, original, images)[0], images) - expected) > 0.05
        );
        var merged = Merged(Matching with { Topology = topology }, original, images);
        // Node 0's basis: the mean of a network and its twin is the network, but for the rounding of re-estimated
        // statistics.
        Assert.True(Largest(Answers(merged[0], images) - expected) < 1e-4);
        Assert.True(Largest(Answers(merged[1], images) - expected) < 1e-4);
    }

    [Fact]
    public void Merge_PlainFullGraph_IsTheMeanForAllAndCountsEveryNodeOnceEachWay()
    {
        using var scope = NewDisposeScope();
        Network[] nodes = [TestData.Network(1), TestData.Network(2), TestData.Network(3)];
        using WeightSet a = WeightSet.CopyOf(nodes[0]),
            b = WeightSet.CopyOf(nodes[1]),
            c = WeightSet.CopyOf(nodes[2]);
        using var mean = WeightMeans.Mean([a, b, c]);
        Traffic traffic = new();
        new NodeMerger(Plain, traffic).Merge(nodes, []);
        foreach (var node in nodes)
            AssertSame(mean, node);
        long bytes = WeightCodec.Encode(a).Length;
        Assert.Equal((3 * bytes, 3 * bytes, 3 * a.DenseBytes), (traffic.Up, traffic.Down, traffic.Dense));
    }

    [Fact]
    public void Merge_PlainRing_AveragesNeighboursAndCountsBothLinks()
    {
        using var scope = NewDisposeScope();
        Network[] nodes = [.. Enumerable.Range(1, 4).Select(seed => TestData.Network((ulong)seed))];
        WeightSet[] before = [.. nodes.Select(WeightSet.CopyOf)];
        Traffic traffic = new();
        new NodeMerger(Plain with { Topology = Topology.Ring }, traffic).Merge(
            nodes,
            [.. nodes.Select(_ => Inputs(1))]
        );
        using var expected = WeightMeans.Mean([before[2], before[1], before[3]]);
        AssertSame(expected, nodes[2]);
        long bytes = WeightCodec.Encode(before[0]).Length;
        Assert.Equal((8 * bytes, 8 * bytes), (traffic.Up, traffic.Down));
        foreach (var set in before)
            set.Dispose();
    }

    [Fact]
    public void Merge_LocalReset_PoolsTheStatisticsOfAllNodesAndCountsThem()
    {
        using var scope = NewDisposeScope();
        Network[] nodes = [TestData.Network(1), TestData.Network(2)];
        Tensor[] inputs = [Inputs(1), Inputs(2, count: 30)];
        Traffic plain = new(),
            reset = new();
        new NodeMerger(Plain, plain).Merge([TestData.Network(1), TestData.Network(2)], []);
        new NodeMerger(Plain with { ResetBatchNorm = true }, reset).Merge(nodes, inputs);
        Assert.True(reset.Up > plain.Up && reset.Down > plain.Down);
        // two nodes' means and variances of nine units
        Assert.Equal(plain.Dense + 2 * 2 * (4 + 5) * sizeof(float), reset.Dense);

        // The first layer's mean is that of all images, and the same for both nodes.
        using WeightSet first = WeightSet.CopyOf(nodes[0]),
            second = WeightSet.CopyOf(nodes[1]);
        using var noGrad = no_grad();
        var map = nn.functional.conv2d(cat(inputs), first["conv1.weight"], padding: [1, 1]);
        TestData.Close(TestData.Doubles(map.mean([0, 2, 3])), first["norm1.running_mean"], 1e-4);
        AssertSame(first, nodes[1]);
    }

    [Theory]
    [InlineData(Topology.FullyConnected, 0, 4, new[] { 0, 1, 2, 3 })]
    [InlineData(Topology.FullyConnected, 2, 3, new[] { 2, 0, 1 })]
    [InlineData(Topology.Ring, 0, 5, new[] { 0, 4, 1 })]
    [InlineData(Topology.Ring, 1, 2, new[] { 1, 0 })]
    [InlineData(Topology.Ring, 0, 1, new[] { 0 })]
    public void SourcesOf_Node_AreItselfAndItsNeighbours(Topology topology, int node, int nodes, int[] expected) =>
        Assert.Equal(expected, (Plain with { Topology = topology }).SourcesOf(node, nodes));

    [Fact]
    public void Merge_LeaksNoTensor()
    {
        using var scope = NewDisposeScope();
        Network[] nodes = [TestData.Network(1), TestData.Network(2), TestData.Network(3)];
        Tensor[] inputs = [Inputs(1), Inputs(2), Inputs(3)];
        MergeOptions[] all =
        [
            Matching,
            Matching with
            {
                Statistics = StatisticsSource.Local,
            },
            Matching with
            {
                Topology = Topology.Ring,
            },
        ];
        foreach (var options in all)
            TestData.AssertNoLeak(() => new NodeMerger(options, new Traffic()).Merge(nodes, inputs));
    }

    private static Network[] Merged(MergeOptions options, Network original, Tensor images)
    {
        Network[] nodes = [Copy(original, weights => weights.Clone()), Copy(original, Reverse().Apply)];
        new NodeMerger(options, new Traffic()).Merge(nodes, [images, images]);
        return nodes;
    }

    private static UnitPermutation Reverse() =>
        new(
            TestData.Architecture,
            TestData.Architecture.UnitSpaces.ToDictionary(
                space => space.Name,
                space => (IReadOnlyList<int>)[.. Enumerable.Range(0, space.Width).Reverse()]
            )
        );

    private static Network Copy(Network original, Func<WeightSet, WeightSet> change)
    {
        using var weights = WeightSet.CopyOf(original);
        using var changed = change(weights);
        return NetworkLoader.Load(original.Architecture, changed, CPU);
    }

    // With re-estimated statistics and shifts, so that no unit is always off.
    private static Network Settled(Tensor images)
    {
        var network = TestData.Network(5);
        using (no_grad())
            foreach (string name in new[] { "norm1.bias", "norm2.bias" })
                network.get_parameter(name)!.fill_(0.7);
        BatchNormStatistics.Reestimate(network, images, 64);
        return network;
    }

    private static Tensor Inputs(int seed, int count = 20)
    {
        using var images = TestData.Images(count, seed);
        return ImageTensors.Normalise(images.Inputs);
    }

    private static Tensor Answers(Network network, Tensor images)
    {
        using var noGrad = no_grad();
        return network.forward(images);
    }

    private static double Largest(Tensor differences) => differences.abs().max().item<float>();

    private static void AssertSame(WeightSet expected, Network network)
    {
        using var actual = WeightSet.CopyOf(network);
        foreach (var (name, tensor) in expected)
            Assert.True(tensor.bytes.SequenceEqual(actual[name].bytes), name);
    }
}
