using Dmkd.Core.Merging.Alignment;
using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Preservation;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Alignment;

public sealed class ActivationStatisticsTests
{
    private static readonly NetworkArchitecture Architecture = ArchitectureCatalog.Parse("convnet(3x6x6;5-4;3)");

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(100)]
    public void Correlate_TwoNetworks_IsPearsonsCorrelationOverInputsAndPositions(int batchSize)
    {
        using var scope = NewDisposeScope();
        using var reference = AlignmentNetworks.Build(Architecture, 1);
        using var other = AlignmentNetworks.Build(Architecture, 2);
        var inputs = AlignmentNetworks.Inputs(Architecture, 12);
        double[,] correlation = ActivationStatistics.Correlate(reference, other, inputs, batchSize)["conv1"];
        double[][] expected =
        [
            .. FirstUnits(reference, inputs)
                .SelectMany(_ => FirstUnits(other, inputs), (unit, match) => (double[])[Pearson(unit, match)]),
        ];
        for (int i = 0; i < 25; i++)
            Assert.Equal(expected[i][0], correlation[i / 5, i % 5], 1e-5); // the maps are float32
    }

    [Fact]
    public void Correlate_NetworkWithItself_IsSymmetricWithOnes()
    {
        using var scope = NewDisposeScope();
        using var network = AlignmentNetworks.Build(Architecture);
        foreach (
            var (_, correlation) in ActivationStatistics.Correlate(
                network,
                network,
                AlignmentNetworks.Inputs(Architecture),
                8
            )
        )
        {
            for (int unit = 0; unit < correlation.GetLength(0); unit++)
            {
                Assert.Equal(1, correlation[unit, unit], 1e-9);
                for (int other = 0; other < unit; other++)
                    Assert.Equal(correlation[unit, other], correlation[other, unit], 1e-9);
            }
        }
    }

    [Fact]
    public void Correlate_UnitThatNeverChanges_CorrelatesWithNone()
    {
        using var scope = NewDisposeScope();
        using var network = AlignmentNetworks.Build(Architecture);
        using (no_grad())
            network.get_parameter("norm1.bias")![2].fill_(-1000);
        double[,] correlation = ActivationStatistics.Correlate(
            network,
            network,
            AlignmentNetworks.Inputs(Architecture),
            8
        )["conv1"];
        for (int unit = 0; unit < 5; unit++)
            Assert.Equal((0, 0), (correlation[2, unit], correlation[unit, 2]));
        Assert.Equal(1, correlation[1, 1], 1e-9);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Correlate_Networks_KeepTheirModesAndWeights(bool training)
    {
        using var scope = NewDisposeScope();
        using var reference = AlignmentNetworks.Build(Architecture, 1);
        using var other = AlignmentNetworks.Build(Architecture, 2);
        reference.train(training);
        other.train(!training);
        using var before = WeightSet.CopyOf(other);
        ActivationStatistics.Correlate(reference, other, AlignmentNetworks.Inputs(Architecture), 8);
        using var after = WeightSet.CopyOf(other);
        Assert.Equal((training, !training), (reference.training, other.training));
        TensorAssert.Identical(before, after);
    }

    [Fact]
    public void Correlate_NotFiniteActivation_NamesTheSpace()
    {
        using var scope = NewDisposeScope();
        using var network = AlignmentNetworks.Build(Architecture);
        using (no_grad())
            network.get_parameter("norm2.bias")![2].fill_(double.NaN);
        var error = Assert.Throws<ArgumentException>(() =>
            ActivationStatistics.Correlate(network, network, AlignmentNetworks.Inputs(Architecture), 8)
        );
        Assert.Contains("'conv2'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Correlate_OtherArchitecture_IsRefused()
    {
        using var scope = NewDisposeScope();
        using var reference = AlignmentNetworks.Build(Architecture);
        using var other = AlignmentNetworks.Build(ArchitectureCatalog.Parse("convnet(3x6x6;5-5;3)"));
        Assert.Throws<ArgumentException>(
            "other",
            () => ActivationStatistics.Correlate(reference, other, AlignmentNetworks.Inputs(Architecture), 8)
        );
    }

    [Fact]
    public void Correlate_OneInput_IsRefused()
    {
        using var scope = NewDisposeScope();
        using var network = AlignmentNetworks.Build(Architecture);
        Assert.Throws<ArgumentException>(
            "inputs",
            () => ActivationStatistics.Correlate(network, network, AlignmentNetworks.Inputs(Architecture, 1), 8)
        );
    }

    // The first layer's units by hand, each over all inputs and positions.
    private static double[][] FirstUnits(Network network, Tensor inputs)
    {
        using var noGrad = no_grad();
        using var weights = WeightSet.CopyOf(network);
        var maps = nn.functional.conv2d(inputs, weights["conv1.weight"], padding: [1, 1]);
        var normalised = nn.functional.batch_norm(
            maps,
            weights["norm1.running_mean"],
            weights["norm1.running_var"],
            weights["norm1.weight"],
            weights["norm1.bias"],
            training: false
        );
        return [.. TensorValues.ToDoubles(nn.functional.relu(normalised).transpose(0, 1)).Chunk(12 * 36)];
    }

    private static double Pearson(double[] first, double[] second)
    {
        double firstMean = first.Average(),
            secondMean = second.Average();
        double covariance = first.Zip(second, (a, b) => (a - firstMean) * (b - secondMean)).Sum();
        return covariance
            / Math.Sqrt(
                first.Sum(a => (a - firstMean) * (a - firstMean)) * second.Sum(b => (b - secondMean) * (b - secondMean))
            );
    }
}
