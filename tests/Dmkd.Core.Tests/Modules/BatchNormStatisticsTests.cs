using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Preservation;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Modules;

public sealed class BatchNormStatisticsTests
{
    private static readonly NetworkArchitecture Architecture = ArchitectureCatalog.Parse("convnet(2x4x4;3-5;2)");

    [Theory]
    [InlineData(12, 12, new[] { 0, 12 })]
    [InlineData(12, 5, new[] { 0, 4, 8, 12 })]
    [InlineData(9, 4, new[] { 0, 3, 6, 9 })]
    public void Reestimate_FirstLayer_HasTheMeanOfTheBatchesMomentsByHand(int inputCount, int batchSize, int[] bounds)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = Network();
        var inputs = Inputs(inputCount);
        BatchNormStatistics.Reestimate(network, inputs, batchSize);
        BatchNormStatistics.Reestimate(network, inputs, batchSize); // what was there before does not matter

        var maps = nn.functional.conv2d(inputs, network.get_parameter("conv1.weight")!, padding: [1, 1]);
        var batches = bounds
            .Zip(bounds.Skip(1), (start, end) => maps.narrow(0, start, end - start).transpose(0, 1).flatten(1))
            .ToArray();
        using var state = WeightSet.CopyOf(network);
        TensorAssert.Close(
            stack(batches.Select(batch => batch.mean([1]))).mean([0]),
            state["norm1.running_mean"],
            1e-5
        );
        TensorAssert.Close(stack(batches.Select(batch => batch.var(1))).mean([0]), state["norm1.running_var"], 1e-5);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Reestimate_Network_KeepsItsWeightsAndMode(bool training)
    {
        using var scope = NewDisposeScope();
        using var network = Network();
        network.train(training);
        using var before = WeightSet.CopyOf(network);
        BatchNormStatistics.Reestimate(network, Inputs(8), 4);
        using var after = WeightSet.CopyOf(network);
        Assert.Equal(training, network.training);
        foreach (var (name, tensor) in before.Where(pair => !pair.Key.Contains("running", StringComparison.Ordinal)))
            TensorAssert.Identical(tensor, after[name]);
        Assert.False(before["norm2.running_mean"].bytes.SequenceEqual(after["norm2.running_mean"].bytes));
    }

    [Fact]
    public void Reestimate_Network_KeepsItsMomentum()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = Network();
        BatchNormStatistics.Reestimate(network, Inputs(8), 8);
        using var before = WeightSet.CopyOf(network);
        network.train();
        network.forward(Inputs(8) * 2); // doubles the first layer's maps and their mean
        using var after = WeightSet.CopyOf(network);
        TensorAssert.Close(before["norm1.running_mean"] * (0.9 + 0.1 * 2), after["norm1.running_mean"], 1e-5);
    }

    [Fact]
    public void Reestimate_LeaksNoTensor()
    {
        using var scope = NewDisposeScope();
        using var network = Network();
        var inputs = Inputs(8);
        LeakTests.AssertNoLeak(() => BatchNormStatistics.Reestimate(network, inputs, 4));
    }

    [Fact]
    public void Reestimate_OneInput_IsRefused()
    {
        using var scope = NewDisposeScope();
        using var network = Network();
        Assert.Throws<ArgumentException>(() => BatchNormStatistics.Reestimate(network, Inputs(1), 4));
    }

    private static Network Network()
    {
        using var generator = new Generator(1);
        return Architecture.Build(generator);
    }

    private static Tensor Inputs(int count)
    {
        using var generator = new Generator(2);
        return randn([count, 2, 4, 4], generator: generator) + 1;
    }
}
