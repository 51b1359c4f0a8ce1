using Dmkd.Core.Merging;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Devices;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Outer;

public sealed class OuterOptimizerTests
{
    [Fact]
    public void Step_Plain_IsTheUpdate()
    {
        using var update = Doubles("w", 0.1, -1e-30, 3);
        using var step = OuterOptimizer.Plain().Step(update, null);
        Assert.Equal([0.1, -1e-30, 3], Values(step.Step));
        Assert.Null(step.Momentum);
    }

    [Fact]
    public void Step_PlainHalf_IsHalfTheUpdate()
    {
        using var update = TestWeights.Vector(2, -4);
        using var step = OuterOptimizer.Plain(0.5).Step(update, null);
        Assert.Equal([1, -2], Values(step.Step));
    }

    [Fact]
    public void Step_NesterovTwoRounds_EqualsTheRecurrence()
    {
        var optimizer = OuterOptimizer.Nesterov(0.5, 0.5);
        using var first = TestWeights.Vector(8, 0);
        using var one = optimizer.Step(first, null);
        Assert.Equal([8, 0], one.Momentum!.Values("w").Select(value => (double)value)); // v = u
        Assert.Equal([6, 0], Values(one.Step)); // 0.5 (8 + 0.5 * 8)
        using var second = TestWeights.Vector(-2, 4);
        using var two = optimizer.Step(second, one.Momentum);
        Assert.Equal([2, 4], two.Momentum!.Values("w").Select(value => (double)value)); // 0.5 * 8 - 2, 4
        Assert.Equal([-0.5, 3], Values(two.Step)); // 0.5 (-2 + 0.5 * 2), 0.5 (4 + 0.5 * 4)
    }

    [Fact]
    public void Step_Nesterov_EqualsTorchSgdOnTheNegativeUpdate()
    {
        using var scope = NewDisposeScope();
        using var start = TestWeights.Random(7, ("w", [5]));
        using var parameter = new TorchSharp.Modules.Parameter(start["w"].clone());
        using var sgd = optim.SGD([parameter], 0.7, momentum: 0.9, nesterov: true);
        using var ours = start["w"].to(ScalarType.Float64);
        WeightSet? momentum = null;
        for (ulong round = 1; round <= 4; round++)
        {
            using var update = TestWeights.Random(round, ("w", [5]));
            parameter.grad = -update["w"];
            sgd.step();
            using var step = OuterOptimizer.Nesterov().Step(update, momentum);
            ours.add_(step.Step["w"]);
            momentum?.Dispose();
            momentum = step.Momentum!.Clone();
        }

        momentum!.Dispose();
        // Torch keeps float32 throughout: a few roundings of 6e-8 of values up to about 20.
        Assert.True(ours.allclose(parameter.detach().to(ScalarType.Float64), rtol: 0, atol: 1e-5));
    }

    [Theory]
    [InlineData("plain", 0.5)]
    [InlineData("nesterov", null)]
    public void Step_RunningStatistics_TakeTheUpdateAsItIs(string name, double? learningRate)
    {
        using var update = TestWeights.Of(
            ("norm.running_mean", [2], [1]),
            ("norm.running_var", [-3], [1]),
            ("norm.weight", [2], [1])
        );
        using var momentum = TestWeights.Of(
            ("norm.running_mean", [9], [1]),
            ("norm.running_var", [9], [1]),
            ("norm.weight", [9], [1])
        );
        using var step = OuterOptimizer.Named(name, learningRate).Step(update, momentum);
        Assert.Equal([2], Values(step.Step, "norm.running_mean"));
        Assert.Equal([-3], Values(step.Step, "norm.running_var"));
        Assert.NotEqual([2], Values(step.Step, "norm.weight"));
        if (step.Momentum is { } next)
            Assert.Equal([0f], next.Values("norm.running_var"));
    }

    [Fact]
    public void Step_SameInputsTwice_GivesTheSameBits()
    {
        using var update = TestWeights.Network(1);
        using var momentum = TestWeights.Network(2);
        using var one = OuterOptimizer.Nesterov().Step(update, momentum);
        using var other = OuterOptimizer.Nesterov().Step(update, momentum);
        TestWeights.AssertSameBits(one.Step, other.Step);
        TestWeights.AssertSameBits(one.Momentum!, other.Momentum!);
    }

    [Fact]
    public void Step_MomentumOfOtherShape_NamesIt()
    {
        using var update = TestWeights.Vector(1, 2);
        using var momentum = TestWeights.Vector(1, 2, 3);
        var error = Assert.Throws<ArgumentException>(() => OuterOptimizer.Nesterov().Step(update, momentum));
        Assert.Contains("'w' of momentum has shape [3]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Step_MomentumNotFinite_IsRefusedByName()
    {
        using var update = TestWeights.Vector(3e38f);
        var error = Assert.Throws<ArgumentException>(() => OuterOptimizer.Nesterov().Step(update, update));
        Assert.Contains(
            "'w' of the new momentum holds a value that is not finite",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Step_LeaksNoTensorWhetherItSucceedsOrFails()
    {
        using var update = TestWeights.Network(1);
        using var bad = TestWeights.Network(2);
        bad["head.bias"].fill_(float.NaN);
        Assert.Equal(0, LiveTensors.Change(() => OuterOptimizer.Plain().Step(update, null).Dispose()));
        Assert.Equal(0, LiveTensors.Change(() => OuterOptimizer.Nesterov().Step(update, update).Dispose()));
        Assert.Equal(
            0,
            LiveTensors.Change(() =>
                Assert.Throws<ArgumentException>(() => OuterOptimizer.Nesterov().Step(update, bad))
            )
        );
    }

    [Fact]
    public void Named_Defaults_AreTheProposalAndDiLoCo()
    {
        var plain = OuterOptimizer.Named("plain");
        Assert.Equal(("plain", 1.0, 0.0), (plain.Name, plain.LearningRate, plain.Momentum));
        var nesterov = OuterOptimizer.Named("nesterov");
        Assert.Equal(("nesterov", 0.7, 0.9), (nesterov.Name, nesterov.LearningRate, nesterov.Momentum));
        Assert.Equal(0.5, OuterOptimizer.Named("nesterov", momentum: 0.5).Momentum);
    }

    [Fact]
    public void Named_Unknown_SaysWhatThereIs() =>
        Assert.Contains(
            "There is no outer optimizer 'adam'; there are: plain, nesterov.",
            Assert.Throws<ArgumentException>(() => OuterOptimizer.Named("adam")).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("plain", 0.0, null)]
    [InlineData("plain", double.NaN, null)]
    [InlineData("plain", 1.0, 0.9)]
    [InlineData("nesterov", double.PositiveInfinity, null)]
    [InlineData("nesterov", 0.7, 1.0)]
    [InlineData("nesterov", 0.7, -0.1)]
    public void Named_ParameterOutOfRange_IsRefused(string name, double learningRate, double? momentum) =>
        Assert.ThrowsAny<ArgumentException>(() => OuterOptimizer.Named(name, learningRate, momentum));

    private static WeightSet Doubles(string name, params double[] values)
    {
        using var scope = NewDisposeScope();
        return new WeightSet([KeyValuePair.Create(name, tensor(values))]);
    }

    private static double[] Values(WeightSet weights, string name = "w") => weights[name].data<double>().ToArray();
}
