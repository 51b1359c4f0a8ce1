using Dmkd.Core.Merging.Rules;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Rules;

public sealed class GeometricMedianRuleTests
{
    private readonly GeometricMedianRule _rule = new();

    [Fact]
    public void Merge_FourCorners_IsWhereTheDiagonalsMeet()
    {
        var (update, _) = Rounds.MergeAlike(_rule, [-1, 0], [3, 0], [0, -2], [0, 5]);
        Assert.All(update, value => Assert.InRange(value, -1e-6, 1e-6)); // 60 steps; the mean is (0.5, 0.75)
    }

    [Fact]
    public void Merge_AnyUpdates_HasTheLeastSumOfDistances()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(20261130);
        var updates = randn([7, 20], generator: generator);
        var (update, _) = Rounds.MergeAlike(_rule, [.. updates.unbind().Select(row => row.data<float>().ToArray())]);
        var found = tensor(update);
        double least = SumOfDistances(found);
        for (int repeat = 0; repeat < 100; repeat++)
        {
            var beside = found + 0.01 * randn([20], dtype: ScalarType.Float64, generator: generator);
            Assert.True(SumOfDistances(beside) > least);
        }

        double SumOfDistances(Tensor point) => (updates - point).norm(1).sum().item<double>();
    }

    [Theory]
    [InlineData(-1000)]
    [InlineData(1000)]
    [InlineData(-1)]
    public void Merge_FourOfTenPoisoned_StaysNearTheOthers(float poison)
    {
        float[][] honest =
        [
            [1, 0.1f],
            [1, -0.1f],
            [1.1f, 0],
            [0.9f, 0],
            [1, 0.05f],
            [1, -0.05f],
        ];
        float[] bad = [poison, 0];
        var (update, weights) = Rounds.MergeAlike(_rule, [.. honest, bad, bad, bad, bad]);
        Assert.InRange(update[0], 0.8, 1.2); // twice as far from 1 as the farthest of the honest
        Assert.InRange(update[1], -0.1, 0.1);
        Assert.All(weights.Skip(6), weight => Assert.True(weight < weights.Take(6).Min()));
    }

    [Fact]
    public void Merge_SampleCounts_HaveNoSay()
    {
        var (update, _) = Rounds.Merge(_rule, [1e9, 1, 1, 1], [-1, 0], [3, 0], [0, -2], [0, 5]);
        Assert.All(update, value => Assert.InRange(value, -1e-6, 1e-6));
    }

    [Fact]
    public void Merge_TwoNodes_IsTheMean()
    {
        var (update, weights) = Rounds.Merge(_rule, [3, 1], [2], [4]);
        Assert.Equal([3], update);
        Assert.Equal([0.5, 0.5], weights);
    }

    [Fact]
    public void Merge_ValueThatIsNotFinite_IsRefused() =>
        Assert.Throws<ArgumentException>(() => Rounds.MergeAlike(_rule, [1], [float.NaN], [3]));
}
