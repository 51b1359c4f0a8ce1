using CsCheck;
using Dmkd.Core.Merging.Rules;
using Dmkd.Core.Tensors;

namespace Dmkd.Core.Tests.Merging.Rules;

public sealed class LinearMergeRuleTests
{
    [Fact]
    public void Mean_AnyCounts_IsThePlainMean()
    {
        var (update, weights) = Rounds.Merge(new MeanRule(), [100, 1, 1], [1, 0], [2, 0], [6, 3]);
        Assert.Equal([3, 1], update);
        Assert.Equal([1 / 3.0, 1 / 3.0, 1 / 3.0], weights);
    }

    [Fact]
    public void Weighted_UnequalCounts_IsTheWeightedMean()
    {
        var (update, weights) = Rounds.Merge(new WeightedMeanRule(), [300, 100], [4, 0], [0, 8]);
        Assert.Equal([3, 2], update);
        Assert.Equal([0.75, 0.25], weights);
    }

    [Fact]
    public void Clipped_OneLongUpdate_IsShortenedToTheMedianNorm()
    {
        // norms 5, 5, 5000
        var (update, weights) = Rounds.Merge(new ClippedMeanRule(), [1, 1, 2], [3, 4], [0, 5], [3000, -4000]);
        Assert.Equal([(3 + 0 + 6) / 4.0, (4 + 5 - 8) / 4.0], update, (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal([1 / 2.002, 1 / 2.002, 0.002 / 2.002], weights, (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void Clipped_FactorTwo_LeavesUpdatesUpToTwiceTheMedian()
    {
        var (update, _) = Rounds.Merge(new ClippedMeanRule(2), [1, 1, 1], [1], [2], [9]);
        Assert.Equal([(1 + 2 + 4) / 3.0], update);
    }

    [Fact]
    public void Clipped_NoNormAboveTheLimit_IsTheWeightedMean()
    {
        double[] counts = [300, 100, 50];
        using var round = Rounds.Random(3);
        using var clipped = new ClippedMeanRule(10).Merge(round, counts);
        using var weighted = new WeightedMeanRule().Merge(round, counts);
        TestWeights.AssertSameBits(weighted.Update, clipped.Update);
    }

    [Fact]
    public void Clipped_TwoNodes_TheShorterUpdateSetsTheLength()
    {
        var (update, _) = Rounds.Merge(new ClippedMeanRule(), [1, 1], [2], [-1e30f]);
        Assert.Equal([0], update, (a, b) => Math.Abs(a - b) < 1e-6); // 2 - 2; the norm of a float32 1e30 is rounded
    }

    [Fact]
    public void Clipped_MostNodesSentZeros_GivesZerosAndNoWeightToTheOther()
    {
        var (update, weights) = Rounds.Merge(new ClippedMeanRule(), [1, 1, 1], [0], [0], [7]);
        Assert.Equal([0], update);
        Assert.Equal([0.5, 0.5, 0], weights);
    }

    [Fact]
    public void Clipped_LongStatisticsOfOneNode_AreShortenedByThemselves()
    {
        WeightSet[] round =
        [
            .. new[] { 1f, 2f, 4000f }.Select(value =>
                TestWeights.Of(
                    ("conv.weight", [3, 4], [2]),
                    ("norm.running_mean", [value], [1]),
                    ("norm.running_var", [0], [1])
                )
            ),
        ];
        using var merged = new ClippedMeanRule().Merge(round, [1, 1, 1]);
        Rounds.Dispose(round);
        Assert.Equal([3, 4], merged.Update["conv.weight"].data<double>().ToArray());
        Assert.Equal([(1 + 2 + 2) / 3.0], merged.Update["norm.running_mean"].data<double>().ToArray());
    }

    [Fact]
    public void Clipped_WhateverOneNodeSends_ItsPartIsBoundedByTheHonestNorms() =>
        Gen.Select(Gen.Double[0.01, 100].Array[3, 9], Gen.Double[0, 1e30], Gen.Double[0, 1e30], Gen.Double[1, 5])
            .Sample(
                (honest, trained, statistics, factor) =>
                {
                    UpdateNorms[] norms =
                    [
                        .. honest.Select(norm => new UpdateNorms(norm, norm / 7)),
                        new(trained, statistics),
                    ];
                    double[] counts = [.. norms.Select((_, i) => 1.0 + i)];
                    var weights = new ClippedMeanRule(factor).Weigh(new UpdateGeometry(norms), counts);
                    double share = counts[^1] / counts.Sum(),
                        slack = 1 + 1e-12;
                    Assert.InRange(
                        weights.Trained[^1] / weights.Divisor * trained,
                        0,
                        share * factor * honest.Max() * slack
                    );
                    Assert.InRange(
                        weights.Statistics[^1] / weights.Divisor * statistics,
                        0,
                        share * factor * honest.Max() / 7 * slack
                    );
                },
                iter: 2000,
                threads: 1
            );

    [Fact]
    public void Clipped_OneNodeOfAnyValues_TheMergedUpdateIsNoLongerThanTheLongestHonestOne() =>
        Gen.Select(Gen.ULong[1, 1000], Gen.Float[-1e18f, 1e18f].Array[4])
            .Sample(
                (seed, values) =>
                {
                    WeightSet[] honest =
                    [
                        .. Enumerable.Range(0, 4).Select(i => TestWeights.Random(seed + (ulong)i, ("w", [4]))),
                    ];
                    using var evil = TestWeights.Vector(values);
                    double longest = honest.Max(delta => UpdateNorms.Of(delta).Trained);
                    using var merged = new ClippedMeanRule().Merge([evil, .. honest], [1000, 1, 1, 1, 1]);
                    Rounds.Dispose(honest);
                    double norm = Math.Sqrt(merged.Update["w"].data<double>().ToArray().Sum(value => value * value));
                    Assert.InRange(norm, 0, longest * (1 + 1e-12));
                },
                iter: 200,
                threads: 1
            );

    [Fact]
    public void Weigh_Fractions_SumTheUpdatesAsMergeDoes()
    {
        double[] counts = [3, 5, 1, 2];
        using var round = Rounds.Random(4);
        foreach (
            var rule in (LinearMergeRule[])
                [new MeanRule(), new WeightedMeanRule(), new ClippedMeanRule(), new NearestNeighbourMixingRule(0.4)]
        )
        {
            using var merged = rule.Merge(round, counts);
            var weights = rule.Weigh(new UpdateGeometry(round), counts);
            using var summed = round[0]
                .Map(
                    (name, _) =>
                        WeightedSum.Of([.. round.Select(delta => delta[name])], weights.For(name), weights.Divisor)
                );
            TestWeights.AssertSameBits(merged.Update, summed);
        }
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Weigh_NormNotFinite_IsRefusedByNumber(double norm)
    {
        var error = Assert.Throws<ArgumentException>(() =>
            new ClippedMeanRule().Weigh(new UpdateGeometry((UpdateNorms[])[new(1, 0), new(norm, 0)]), [1, 1])
        );
        Assert.Contains("The norm of delta 1 must be finite", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Clipped_FactorOutOfRange_IsRefused(double factor) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ClippedMeanRule(factor));
}
