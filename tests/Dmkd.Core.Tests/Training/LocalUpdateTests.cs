using Dmkd.Core.Modules;
using Dmkd.Core.Tests.Preservation;
using Dmkd.Core.Training;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Training;

public sealed class LocalUpdateTests
{
    private static readonly LocalUpdateOptions Plain = new() { BatchSize = 8, RotationLabelled = false };
    private static readonly LocalUpdateOptions Rotated = new() { BatchSize = 8 };

    [Theory]
    [InlineData(false, 0.1)]
    [InlineData(true, 1.6)] // turns of a plain colour look the same: of ln 8, ln 4 = 1.39 cannot be learned
    public void Run_TwoColours_LossFalls(bool rotationLabelled, double limit)
    {
        var options = new LocalUpdateOptions { BatchSize = 8, LearningRate = 1e-2, RotationLabelled = rotationLabelled };
        using var network = Network(rotationLabelled ? 8 : 2);
        using var data = TwoColours(32);
        double first = Run(network, data, options).MeanLoss;
        double last = Run(network, data, options with { Epochs = 20 }).MeanLoss;
        Assert.InRange(last, 0, Math.Min(first, limit));
    }

    [Fact]
    public void Run_SameWeightsDataAndGenerator_IsBitEqual()
    {
        using var first = Trained(Rotated);
        using var second = Trained(Rotated);
        TensorAssert.Identical(first, second);
    }

    [Fact]
    public void Run_OtherGenerator_IsAnotherResult()
    {
        using var first = Trained(Rotated);
        using var second = Trained(Rotated, seed: 2);
        Assert.False(first["head.weight"].bytes.SequenceEqual(second["head.weight"].bytes));
    }

    [Fact]
    public void Run_Distillation_ChangesTheResult()
    {
        using var scope = NewDisposeScope();
        var target = new DistillationTarget(Network(2, seed: 9), [0, 1], [0, 1], UprightOnly: true);
        using var without = Trained(Rotated);
        using var weightless = Trained(Rotated, target: target);
        using var with = Trained(Rotated with { DistillationWeight = 1 }, target: target);
        TensorAssert.Identical(without, weightless); // lambda is 0 by default
        Assert.False(without["head.weight"].bytes.SequenceEqual(with["head.weight"].bytes));
    }

    [Fact]
    public void Run_Distillation_LeavesTheTeacher()
    {
        using var scope = NewDisposeScope();
        using var teacher = Network(2, seed: 9);
        using var before = WeightSet.CopyOf(teacher);
        using var trained = Trained(Plain with { DistillationWeight = 1 }, target: new DistillationTarget(teacher, [0, 1], [0, 1], UprightOnly: false));
        using var after = WeightSet.CopyOf(teacher);
        TensorAssert.Identical(before, after);
        Assert.All(teacher.parameters(), parameter => Assert.Null(parameter.grad));
    }

    [Theory]
    [InlineData(16, 2)]
    [InlineData(17, 2)] // a last batch of one joins its neighbour
    [InlineData(18, 3)]
    [InlineData(3, 1)]
    public void Run_Result_CountsImagesAndSteps(int images, int stepsPerEpoch)
    {
        using var network = Network(2);
        using var data = TwoColours(images);
        var result = Run(network, data, Plain with { Epochs = 2 });
        Assert.Equal((images, 2 * stepsPerEpoch), (result.SampleCount, result.Steps));
        Assert.True(double.IsFinite(result.MeanLoss));
        Assert.False(network.training);
    }

    [Fact]
    public void Run_Progress_RisesToOne()
    {
        using var network = Network(2);
        using var data = TwoColours(16);
        using var generator = new Generator(1);
        List<double> told = [];
        LocalUpdate.Run(network, data, Plain with { Epochs = 2 }, generator, progress: told.Add, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal([0.25, 0.5, 0.75, 1], told);
    }

    [Fact]
    public void Run_Cancelled_StopsAfterTheStep()
    {
        using var network = Network(2);
        using var data = TwoColours(32);
        using var generator = new Generator(1);
        using var source = new CancellationTokenSource();
        int steps = 0;
        Assert.Throws<OperationCanceledException>(() => LocalUpdate.Run(network, data, Plain, generator, progress: Count, cancellationToken: source.Token));
        Assert.Equal(2, steps);

        void Count(double share)
        {
            if (++steps == 2) source.Cancel();
        }
    }

    [Fact]
    public void Run_NoData_Throws()
    {
        using var network = Network(2);
        using var data = ImageTensors.From([], [], 1, 8);
        Assert.Throws<ArgumentException>("data", () => Run(network, data, Plain));
    }

    [Fact]
    public void Run_LeaksNoTensor()
    {
        using var scope = NewDisposeScope();
        using var network = Network(8);
        using var data = TwoColours(20);
        var target = new DistillationTarget(Network(2, seed: 9), [0, 1], [0, 1], UprightOnly: true);
        LeakTests.AssertNoLeak(() => Run(network, data, Rotated with { DistillationWeight = 1 }, target: target));
    }

    private static LocalUpdateResult Run(Network network, ImageTensors data, LocalUpdateOptions options, ulong seed = 1, DistillationTarget? target = null)
    {
        using var generator = new Generator(seed);
        return LocalUpdate.Run(network, data, options, generator, target, cancellationToken: TestContext.Current.CancellationToken);
    }

    private static WeightSet Trained(LocalUpdateOptions options, ulong seed = 1, DistillationTarget? target = null)
    {
        using var network = Network(options.RotationLabelled ? 8 : 2);
        using var data = TwoColours(20);
        Run(network, data, options, seed, target);
        return WeightSet.CopyOf(network);
    }

    private static Network Network(int outputs, ulong seed = 1)
    {
        using var generator = new Generator(seed);
        return new ConvNetArchitecture(1, 8, [4, 4], outputs).Build(generator);
    }

    /// <summary>Dark images of class 0, bright ones of class 1.</summary>
    private static ImageTensors TwoColours(int count)
    {
        byte[] pixels = [.. Enumerable.Range(0, count).SelectMany(i => Enumerable.Repeat((byte)(i % 2 == 0 ? 40 : 200), 64))];
        return ImageTensors.From(pixels, [.. Enumerable.Range(0, count).Select(i => i % 2)], 1, 8);
    }
}
