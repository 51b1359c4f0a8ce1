using Dmkd.Core.Merging.Rules;
using Dmkd.Core.Tests.Devices;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Rules;

public sealed class UpdateNormsTests
{
    [Fact]
    public void Of_SeveralTensors_KeepsRunningStatisticsApart()
    {
        using var update = TestWeights.Of(
            ("conv.weight", [1, 2], [1, 2]),
            ("norm.running_mean", [3], [1]),
            ("norm.weight", [2], [1]),
            ("norm.running_var", [-4], [1])
        );
        Assert.Equal(new UpdateNorms(3, 5), UpdateNorms.Of(update));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(1003)]
    public void Of_AnyLength_IsTheRootOfTheSumOfSquares(int count)
    {
        float[] values = [.. Enumerable.Range(1, count).Select(i => (float)i)];
        using var update = TestWeights.Vector(values);
        // Integers below 2^53: every sum is exact.
        Assert.Equal(Math.Sqrt(values.Sum(value => (double)value * value)), UpdateNorms.Of(update).Trained);
    }

    [Fact]
    public void Of_LargestValues_DoesNotOverflow()
    {
        using var update = TestWeights.Vector(float.MaxValue, float.MaxValue);
        Assert.Equal(float.MaxValue * Math.Sqrt(2), UpdateNorms.Of(update).Trained, 1e24); // 1e-15 of 5e38
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void Of_ValueNotFinite_IsNotFinite(float value)
    {
        using var update = TestWeights.Vector(1, value);
        Assert.False(double.IsFinite(UpdateNorms.Of(update).Trained));
    }

    [Fact]
    public void Of_TransposedTensor_ReadsItsValues()
    {
        using var scope = NewDisposeScope();
        using var update = new Dmkd.Core.Tensors.WeightSet([
            KeyValuePair.Create("w", tensor(new float[] { 1, 2, 3, 4, 5, 6 }).reshape(2, 3).t()),
        ]);
        Assert.Equal(Math.Sqrt(91), UpdateNorms.Of(update).Trained);
    }

    [Fact]
    public void Of_OtherType_IsRefused()
    {
        using var scope = NewDisposeScope();
        using var update = new Dmkd.Core.Tensors.WeightSet([
            KeyValuePair.Create("w", zeros(2, dtype: ScalarType.Float64)),
        ]);
        Assert.Contains(
            "must be Float32; they are Float64",
            Assert.Throws<ArgumentException>(() => UpdateNorms.Of(update)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void OfDifference_TwoTensors_IsTheSquaredDistance()
    {
        using var one = TestWeights.Vector([.. Enumerable.Range(0, 19).Select(i => (float)i)]);
        using var other = TestWeights.Vector([.. Enumerable.Range(0, 19).Select(i => (float)(2 * i))]);
        Assert.Equal(Enumerable.Range(0, 19).Sum(i => i * i), SquareSum.OfDifference(one["w"], other["w"]));
    }

    [Fact]
    public void Of_LeaksNoTensor()
    {
        using var update = TestWeights.Network(1);
        Assert.Equal(0, LiveTensors.Change(() => UpdateNorms.Of(update)));
    }
}
