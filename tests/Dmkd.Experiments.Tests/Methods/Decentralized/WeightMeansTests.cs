using Dmkd.Core.Tensors;
using Dmkd.Experiments.Learners;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Tests.Methods.Decentralized;

public sealed class WeightMeansTests
{
    [Fact]
    public void Mean_ThreeSets_IsExact()
    {
        using WeightSet a = Of(("w", [1, 2, 1e-8f])),
            b = Of(("w", [3, 4, 1])),
            c = Of(("w", [5, 9, 1]));
        using var mean = WeightMeans.Mean([a, b, c]);
        float[] expected = [3, 5, (float)((1e-8f + 1.0 + 1) / 3)];
        Assert.Equal(expected, mean["w"].data<float>().ToArray());
    }

    [Fact]
    public void Mean_OfEqualSets_ChangesNothing()
    {
        using var set = Of(("w", [0.1f, -0.7f, 3e7f]));
        using var mean = WeightMeans.Mean([set, set, set]);
        Assert.Equal(set["w"].data<float>().ToArray(), mean["w"].data<float>().ToArray());
    }

    [Fact]
    public void Pool_TwoNodes_IsTheMeanAndVarianceOfAllTheirImages()
    {
        double[] few = [1, 3],
            many = [5, 5, 7, 7, 9, 9];
        using WeightSet first = Statistics(few),
            second = Statistics(many);
        using var pooled = WeightMeans.Pool([first, second], [few.Length, many.Length]);
        double[] all = [.. few, .. many];
        Assert.Equal(all.Average(), pooled["n.running_mean"].item<float>(), 1e-5);
        Assert.Equal(Variance(all), pooled["n.running_var"].item<float>(), 1e-5);
    }

    [Fact]
    public void MeanAndPool_LeakNoTensor()
    {
        using WeightSet first = Statistics([1, 3]),
            second = Statistics([5, 8]);
        TestData.AssertNoLeak(() =>
        {
            WeightMeans.Mean([first, second]).Dispose();
            WeightMeans.Pool([first, second], [2, 2]).Dispose();
        });
    }

    private static WeightSet Statistics(double[] values) =>
        Of(("n.running_mean", [(float)values.Average()]), ("n.running_var", [(float)Variance(values)]));

    private static double Variance(double[] values) =>
        values.Select(value => Math.Pow(value - values.Average(), 2)).Average();

    private static WeightSet Of(params (string Name, float[] Values)[] entries) =>
        new(entries.Select(entry => KeyValuePair.Create(entry.Name, tensor(entry.Values))));
}
