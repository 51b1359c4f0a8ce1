using Dmkd.Core.Merging;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Devices;

namespace Dmkd.Core.Tests.Merging;

public class ModuleAveragerTests
{
    [Fact]
    public void Merge_SmallIntegers_IsTheExactMean() =>
        Assert.Equal([12f, -4f, 7.5f], Merge([10, -5, 7], [1, 0, 1], [2, 0, 0], [3, 3, 0.5f]));

    [Fact]
    public void Merge_ZeroUpdates_ChangesNothing()
    {
        using var start = TestWeights.Network(1);
        using var zero = start.Map((_, tensor) => tensor * 0);
        using var merged = Packing.Averaged(start, [zero, zero, zero]);
        TestWeights.AssertSameBits(start, merged);
    }

    [Fact]
    public void Merge_EqualReplicas_GivesTheReplica()
    {
        using var start = TestWeights.Network(1);
        using var replica = TestWeights.Network(2);
        using var delta = WeightDelta.Between(start, replica);
        using var merged = Packing.Averaged(start, [delta, delta, delta]);
        // The update itself is rounded to float32 once (6e-8 of values up to about 5), and so is the sum.
        Assert.All(replica, pair => Assert.True(pair.Value.allclose(merged[pair.Key], rtol: 0, atol: 1e-6)));
    }

    [Fact]
    public void Merge_MeanOfEqualUpdates_IsThatUpdate()
    {
        using var zero = TestWeights.Vector(0, 0, 0);
        using var delta = TestWeights.Vector(0.1f, -1e-30f, 3e38f);
        using var merged = Packing.Averaged(zero, [delta, delta, delta, delta, delta, delta, delta]);
        TestWeights.AssertSameBits(delta, merged);
    }

    [Fact]
    public void Merge_SameInputsTwice_GivesTheSameBits()
    {
        using var start = TestWeights.Network(1);
        WeightSet[] deltas = [TestWeights.Network(2), TestWeights.Network(3), TestWeights.Network(4)];
        using var one = Packing.Averaged(start, deltas);
        using var other = Packing.Averaged(start, deltas);
        TestWeights.AssertSameBits(one, other);
        foreach (var delta in deltas)
            delta.Dispose();
    }

    [Fact]
    public void MergeWeighted_UnequalWeights_IsTheWeightedMean()
    {
        using var start = TestWeights.Vector(1, 1);
        using var one = TestWeights.Vector(4, 0);
        using var other = TestWeights.Vector(0, 8);
        using var merged = Packing.Averaged(start, [one, other], [300, 100]);
        Assert.Equal([4f, 3f], merged.Values("w"));
    }

    [Fact]
    public void MergeWeighted_EqualWeights_IsTheMean()
    {
        using var start = TestWeights.Network(1);
        using var one = TestWeights.Network(2);
        using var other = TestWeights.Network(3);
        using var mean = Packing.Averaged(start, [one, other]);
        using var weighted = Packing.Averaged(start, [one, other], [8, 8]);
        TestWeights.AssertSameBits(mean, weighted); // 8 is a power of two, so no rounding differs
    }

    [Fact]
    public void Merge_VarianceDrivenBelowZero_StaysPositive()
    {
        using var start = TestWeights.Of(("norm.running_var", [1f, 1f], [2]), ("norm.running_mean", [1f, 1f], [2]));
        using var delta = TestWeights.Of(("norm.running_var", [-3f, 1f], [2]), ("norm.running_mean", [-3f, 1f], [2]));
        using var merged = Packing.Averaged(start, [delta]);
        Assert.Equal([1.17549435e-38f, 2f], merged.Values("norm.running_var"));
        Assert.Equal([-2f, 2f], merged.Values("norm.running_mean"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Merge_AnyUpdates_RoundsOnceAfterSummingInOrder(bool weighted)
    {
        double[] weights = weighted ? [3, 5, 7] : [1, 1, 1];
        using var start = TestWeights.Network(1);
        WeightSet[] deltas = [TestWeights.Network(2), TestWeights.Network(3), TestWeights.Network(4)];
        using var merged = weighted ? Packing.Averaged(start, deltas, weights) : Packing.Averaged(start, deltas);
        foreach (string name in start.Keys)
        {
            float[][] values = [.. deltas.Select(delta => delta.Values(name))];
            float[] expected =
            [
                .. start
                    .Values(name)
                    .Select(
                        (value, i) =>
                            (float)(
                                (values[0][i] * weights[0] + values[1][i] * weights[1] + values[2][i] * weights[2])
                                    / weights.Sum()
                                + value
                            )
                    ),
            ];
            Assert.Equal(expected, merged.Values(name));
        }

        foreach (var delta in deltas)
            delta.Dispose();
    }

    [Fact]
    public void Apply_Float32Update_IsAdded()
    {
        using var start = TestWeights.Vector(1, 2);
        using var update = TestWeights.Vector(0.5f, -4);
        using var applied = ModuleAverager.Apply(start, update);
        Assert.Equal([1.5f, -2f], applied.Values("w"));
        Assert.Equal([1f, 2f], start.Values("w"));
    }

    [Fact]
    public void Apply_OtherShape_NamesTensorAndShapes()
    {
        using var start = TestWeights.Vector(1, 2);
        using var update = TestWeights.Vector(1, 2, 3);
        var error = Assert.Throws<ArgumentException>(() => ModuleAverager.Apply(start, update));
        Assert.Contains(
            "'w' of update has shape [3]; the base weights have [2]",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Merge_OtherShape_NamesTensorAndShapes()
    {
        using var start = TestWeights.Vector(1, 2);
        using var good = TestWeights.Vector(1, 2);
        using var bad = TestWeights.Vector(1, 2, 3);
        var error = Assert.Throws<ArgumentException>(() => Packing.Averaged(start, [good, bad]));
        Assert.Contains(
            "'w' of delta 1 has shape [3]; the base weights have [2]",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Merge_MissingOrUnknownTensor_IsNamed()
    {
        using var start = TestWeights.Of(("w", [1], [1]), ("b", [1], [1]));
        using var missing = TestWeights.Vector(1);
        using var unknown = TestWeights.Of(("w", [1], [1]), ("b", [1], [1]), ("x", [1], [1]));
        Assert.Contains(
            "'b' is missing in update",
            Assert.Throws<ArgumentException>(() => Packing.Averaged(start, [missing])).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "'x' of update",
            Assert.Throws<ArgumentException>(() => Packing.Averaged(start, [unknown])).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Merge_NotFinite_IsRefusedByName(float value)
    {
        using var start = TestWeights.Vector(1);
        using var delta = TestWeights.Vector(value);
        var error = Assert.Throws<ArgumentException>(() => Packing.Averaged(start, [delta]));
        Assert.Contains(
            "'w' of the merged weights holds a value that is not finite",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(new double[] { 1 })]
    [InlineData(new double[] { 0, 0 })]
    [InlineData(new double[] { 2, -1 })]
    [InlineData(new[] { 1, double.NaN })]
    [InlineData(new[] { double.MaxValue, double.MaxValue })]
    public void MergeWeighted_BadWeights_AreRefused(double[] weights)
    {
        using var start = TestWeights.Vector(1);
        Assert.Throws<ArgumentException>(() => Packing.Averaged(start, [start, start], weights));
    }

    [Fact]
    public void Merge_NoUpdates_IsRefused()
    {
        using var start = TestWeights.Vector(1);
        Assert.Throws<ArgumentException>(() => Packing.Averaged(start, []));
    }

    [Fact]
    public void Merge_LeaksNoTensorWhetherItSucceedsOrFails()
    {
        using var start = TestWeights.Network(1);
        using var delta = TestWeights.Network(2);
        using var bad = TestWeights.Network(2);
        bad["head.bias"].fill_(float.NaN);
        Assert.Equal(0, LiveTensors.Change(() => Packing.Averaged(start, [delta, delta]).Dispose()));
        Assert.Equal(0, LiveTensors.Change(() => ModuleAverager.Apply(start, delta).Dispose()));
        Assert.Equal(
            0,
            LiveTensors.Change(() => Assert.Throws<ArgumentException>(() => Packing.Averaged(start, [bad])))
        );
    }

    private static float[] Merge(float[] start, params float[][] deltas)
    {
        using var weights = TestWeights.Vector(start);
        WeightSet[] sets = [.. deltas.Select(TestWeights.Vector)];
        using var merged = Packing.Averaged(weights, sets);
        foreach (var set in sets)
            set.Dispose();
        return merged.Values("w");
    }
}
