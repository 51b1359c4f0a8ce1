using Dmkd.Experiments.Learners;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Tests.Methods.Mixture;

public sealed class NoisyTopGateTests
{
    private static readonly double[] Noisy = [3, 1, 2, -1];

    [Fact]
    public void TopShares_TwoOfFour_IsTheSoftmaxOfTheLargest()
    {
        using var scope = NewDisposeScope();
        double[] pair = TestData.Softmax([3, 2]);
        TestData.Close([pair[0], 0, pair[1], 0], NoisyTopGate.TopShares(tensor(Noisy).unsqueeze(0), 2), 1e-12);
    }

    [Theory]
    [InlineData(1, new double[] { 2, 3, 3, 3 })]
    [InlineData(2, new double[] { 1, 2, 1, 2 })] // for those in the top the third, for the others the second
    [InlineData(3, new double[] { -1, -1, -1, 1 })]
    public void ThresholdOf_Entry_IsTheLargestOfTheOthersThatCounts(int top, double[] expected)
    {
        using var scope = NewDisposeScope();
        TestData.Close(expected, NoisyTopGate.ThresholdOf(tensor(Noisy).unsqueeze(0), top), 0);

        // By definition: the k-th largest of the other entries.
        for (int i = 0; i < Noisy.Length; i++)
            Assert.Equal(expected[i], Noisy.Where((_, other) => other != i).OrderDescending().ElementAt(top - 1));
    }

    [Fact]
    public void ChanceOfTop_OwnNoise_IsTheNormalDistribution()
    {
        using var scope = NewDisposeScope();
        var chance = NoisyTopGate.ChanceOfTop(
            tensor([2.0, 1.5, 1.0, 2]).unsqueeze(0),
            tensor(Noisy).unsqueeze(0),
            tensor([1.0, 0.5, 2, 1]).unsqueeze(0),
            2
        );
        // Φ(1) = 0.841345, Φ((1.5 - 2) / 0.5) = Φ(-1), Φ(0), Φ(0)
        TestData.Close([0.8413447460685429, 0.15865525393145707, 0.5, 0.5], chance, 1e-12);
    }

    [Fact]
    public void ChanceOfTop_SimulatedNoise_IsHowOftenItIsInTheTop()
    {
        double[] clean = [0.4, 0.1, 0.7, -0.2];
        Random random = new(5);
        int among = 0;
        const int Draws = 20_000;
        for (int draw = 0; draw < Draws; draw++)
        {
            double own =
                clean[1]
                + 0.8 * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            if (Noisy.Where((_, other) => other != 1).Count(value => value > own) < 2)
                among++;
        }

        using var scope = NewDisposeScope();
        var chance = NoisyTopGate.ChanceOfTop(
            tensor(clean).unsqueeze(0),
            tensor(Noisy).unsqueeze(0),
            full([1, 4], 0.8, dtype: float64),
            2
        );
        // over five standard deviations at a chance near 0.01
        Assert.Equal(chance[0, 1].item<double>(), (double)among / Draws, 0.003);
    }

    [Theory]
    [InlineData(new double[] { 2, 2, 2 }, 0)]
    [InlineData(new double[] { 1, 3 }, 0.25)] // variance 1, not the unbiased 2, over a mean of 2 squared
    [InlineData(new double[] { 0, 0, 6 }, 2)]
    [InlineData(new double[] { 5 }, 0)]
    public void SquaredVariation_Values_IsPopulationVarianceOverSquaredMean(double[] values, double expected)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected, NoisyTopGate.SquaredVariation(tensor(values)).item<double>(), 1e-9);
    }

    [Fact]
    public void DecideNoisily_Start_SpreadsByNoiseAlone()
    {
        using var scope = NewDisposeScope();
        using NoisyTopGate gate = new(6, 4, 2);
        using var generator = new Generator(1UL, CPU);
        var decision = gate.DecideNoisily(zeros(400, 6), generator);
        Assert.Equal(400, decision.Shares.sum().item<float>(), 1e-2);
        Assert.All(TestData.Doubles(decision.Shares.sum(0L)), importance => Assert.InRange(importance, 60, 140));
        // 200 expected: every input asks two of four
        Assert.All(TestData.Doubles(decision.Load), load => Assert.InRange(load, 120, 280));
    }

    [Fact]
    public void DecideNoisily_AllAsked_LoadCountsInputs()
    {
        using var scope = NewDisposeScope();
        using NoisyTopGate gate = new(6, 2, 2);
        using var generator = new Generator(1UL, CPU);
        TestData.Close([7, 7], gate.DecideNoisily(zeros(7, 6), generator).Load, 0);
    }
}
