using Dmkd.Core.Merging.Alignment;
using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Preservation;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Alignment;

public sealed class UnitAlignmentTests
{
    public static TheoryData<string> Texts => AlignmentNetworks.Texts;

    [Theory]
    [MemberData(nameof(Texts))]
    public void Align_PermutedCopy_GivesTheOrderAndTheWeightsBack(string text)
    {
        var architecture = ArchitectureCatalog.Parse(text);
        using var scope = NewDisposeScope();
        using var network = AlignmentNetworks.Build(architecture);
        using var weights = WeightSet.CopyOf(network);
        var inputs = AlignmentNetworks.Inputs(architecture);
        for (int seed = 0; seed < 4; seed++)
        {
            var shuffle = AlignmentNetworks.Shuffle(architecture, seed);
            using var permuted = shuffle.Apply(weights);
            using var replica = NetworkLoader.Load(architecture, permuted, CPU);
            using var aligned = UnitAlignment.Align(network, replica, inputs, 10);
            Assert.Equal(shuffle.Inverse().Units, aligned.Permutation.Units);
            TensorAssert.Identical(weights, aligned.Weights);
            Assert.Equal(1, aligned.MeanCorrelation, 1e-6); // the sums of the forward passes run in another order
        }
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void Align_PermutedCopy_AveragesToTheNetwork(string text)
    {
        var architecture = ArchitectureCatalog.Parse(text);
        using var scope = NewDisposeScope();
        using var network = AlignmentNetworks.Build(architecture);
        using var weights = WeightSet.CopyOf(network);
        using var permuted = AlignmentNetworks.Shuffle(architecture, 1).Apply(weights);
        using var replica = NetworkLoader.Load(architecture, permuted, CPU);
        using var aligned = UnitAlignment.Align(network, replica, AlignmentNetworks.Inputs(architecture), 10);
        using var mean = AlignmentNetworks.Mean(weights, aligned.Weights);
        TensorAssert.Identical(weights, mean);
        using var plain = AlignmentNetworks.Mean(weights, permuted);
        Assert.Contains(weights, pair => !pair.Value.bytes.SequenceEqual(plain[pair.Key].bytes));
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void Align_OtherNetwork_ComputesWhatItDidAndCorrelatesMoreThanBefore(string text)
    {
        var architecture = ArchitectureCatalog.Parse(text);
        using var scope = NewDisposeScope();
        using var reference = AlignmentNetworks.Build(architecture, 1);
        using var replica = AlignmentNetworks.Build(architecture, 2);
        var inputs = AlignmentNetworks.Inputs(architecture);
        using var aligned = UnitAlignment.Align(reference, replica, inputs, 10);
        using var reordered = NetworkLoader.Load(architecture, aligned.Weights, CPU);
        var expected = AlignmentNetworks.Logits(replica, inputs);
        double tolerance = 1e-5 * Math.Max(1, expected.abs().max().item<float>()); // float32 sums in another order
        TensorAssert.Close(expected, AlignmentNetworks.Logits(reordered, inputs), tolerance);

        var before = ActivationStatistics.Correlate(reference, replica, inputs, 10);
        var after = ActivationStatistics.Correlate(reference, reordered, inputs, 10);
        double trace = 0,
            was = 0;
        foreach (var space in architecture.UnitSpaces)
        {
            double own = Enumerable.Range(0, space.Width).Sum(unit => after[space.Name][unit, unit]);
            Assert.Equal(own / space.Width, aligned.Correlations[space.Name], 1e-5);
            trace += own;
            was += Enumerable.Range(0, space.Width).Sum(unit => before[space.Name][unit, unit]);
        }

        Assert.Equal(trace / architecture.UnitSpaces.Sum(space => space.Width), aligned.MeanCorrelation, 1e-5);
        Assert.True(trace > was, $"{trace} after, {was} before");
    }

    [Fact]
    public void Align_ItsOwnReference_MovesNothing()
    {
        using var scope = NewDisposeScope();
        using var network = AlignmentNetworks.Build(ArchitectureCatalog.Parse("mlp(3x8x8;16-12;4)"));
        using var aligned = UnitAlignment.Align(network, network, AlignmentNetworks.Inputs(network.Architecture), 10);
        Assert.Equal(0, aligned.Permutation.MovedCount);
    }

    [Fact]
    public void Match_ChannelsThatAShortcutJoins_MoveForTheSumOfTheirCorrelations()
    {
        var architecture = ArchitectureCatalog.Parse("cifar-resnet(a;3x8x8;2-2;2-2;0+2;3)");
        double[,] stays =
            {
                { 1, 0 },
                { 0, 1 },
            },
            moves =
            {
                { 0, 0.6 },
                { 0.6, 0 },
            };
        var correlations = architecture.UnitSpaces.ToDictionary(space => space.Name, _ => moves);
        correlations["layer2"] = stays;
        var permutation = UnitAlignment.Match(architecture, correlations);
        Assert.Equal([0, 1], permutation["layer1"]); // alone it would have moved
        Assert.Equal([0, 1], permutation["layer2"]);
        Assert.Equal([1, 0], permutation["layer1.0"]);
    }

    [Fact]
    public void Match_ChannelContinuedTwice_IsNotSupported()
    {
        var architecture = ArchitectureCatalog.Parse("cifar-resnet(a;3x8x8;2-2;2-2;0.0;3)");
        var correlations = architecture.UnitSpaces.ToDictionary(space => space.Name, _ => new double[2, 2]);
        Assert.Throws<NotSupportedException>(() => UnitAlignment.Match(architecture, correlations));
    }

    [Fact]
    public void Align_LeaksNoTensorWhetherItSucceedsOrFails()
    {
        using var scope = NewDisposeScope();
        using var network = AlignmentNetworks.Build(ArchitectureCatalog.Parse("resnet(basic;3;3x16x16;4-4-6;4.3-5;3)"));
        using var broken = AlignmentNetworks.Build(network.Architecture);
        using (no_grad())
            broken.get_parameter("bn1.bias")![0].fill_(double.NaN);
        var inputs = AlignmentNetworks.Inputs(network.Architecture);
        LeakTests.AssertNoLeak(() => UnitAlignment.Align(network, network, inputs, 10).Dispose());
        LeakTests.AssertNoLeak(() =>
            Assert.Throws<ArgumentException>(() => UnitAlignment.Align(network, broken, inputs, 10))
        );
    }
}
