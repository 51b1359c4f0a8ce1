using Dmkd.Core.Tests.Devices;
using Dmkd.Core.Training;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Training;

public class EntropyMetricTests
{
    private const double Tolerance = 1e-6; // the probabilities are float32; the sums are float64

    [Theory]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(1000)]
    public void Sum_UniformPredictions_HaveMeanLogC(int classes)
    {
        using var scope = NewDisposeScope();
        var sum = EntropyMetric.Sum(full([5, classes], 1.0 / classes));
        Assert.Equal(5, sum.Count);
        Assert.Equal(Math.Log(classes), sum.Mean, Tolerance);
    }

    [Fact]
    public void Sum_OneHotPredictions_HaveNoEntropy()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(0, EntropyMetric.Sum(eye(4)).Mean);
    }

    [Fact]
    public void Sum_TwoBatches_AddUpToTheWhole()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var probabilities = randn([30, 7], generator: generator).softmax(1);
        var parts =
            EntropyMetric.Sum(probabilities.narrow(0, 0, 12)) + EntropyMetric.Sum(probabilities.narrow(0, 12, 18));
        var whole = EntropyMetric.Sum(probabilities);
        Assert.Equal(whole.Count, parts.Count);
        Assert.Equal(whole.Mean, parts.Mean, 1e-12); // float64 sums in another order
        Assert.InRange(whole.Mean, 0, Math.Log(7));
    }

    [Fact]
    public void Sum_NoInputs_IsZeroAndHasNoMean()
    {
        using var scope = NewDisposeScope();
        var sum = EntropyMetric.Sum(zeros(0, 3));
        Assert.Equal(default, sum);
        Assert.Throws<InvalidOperationException>(() => sum.Mean);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(-0.1f)]
    public void Sum_NoProbability_IsRefused(float value)
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentException>(() => EntropyMetric.Sum(full([1, 2], value)));
    }

    [Fact]
    public void Sum_OtherAxes_AreRefused()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentException>(() => EntropyMetric.Sum(ones(3)));
    }

    [Fact]
    public void Sum_LeaksNoTensor()
    {
        using var probabilities = full([2, 2], 0.5);
        Assert.Equal(0, LiveTensors.Change(() => EntropyMetric.Sum(probabilities)));
    }
}
