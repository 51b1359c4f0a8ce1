using CsCheck;
using Dmkd.Core.Merging.Rules;
using Dmkd.Core.Tensors;

namespace Dmkd.Core.Tests.Merging.Rules;

/// <summary>The trimmed mean and the median.</summary>
public sealed class CoordinateRuleTests
{
    [Fact]
    public void Trimmed_FiveNodes_CutsOneAtEachEndOfEveryCoordinate()
    {
        var (update, weights) = Rounds.MergeAlike(
            new TrimmedMeanRule(),
            [1, 900],
            [2, -900],
            [3, 10],
            [6, 20],
            [-1e30f, 60]
        );
        Assert.Equal([2, 30], update); // (1 + 2 + 3) / 3, (10 + 20 + 60) / 3
        Assert.Equal([1 / 6.0, 1 / 6.0, 2 / 6.0, 1 / 6.0, 1 / 6.0], weights);
    }

    [Theory]
    [InlineData(0.2, 1, 0)]
    [InlineData(0.2, 2, 0)]
    [InlineData(0.2, 3, 1)]
    [InlineData(0.2, 4, 1)]
    [InlineData(0.2, 5, 1)]
    [InlineData(0.2, 6, 2)] // 1.2, rounded up
    [InlineData(0.2, 10, 2)]
    [InlineData(0.3, 10, 3)]
    [InlineData(0.07, 100, 7)] // 0.07 * 100 is above 7 in float64
    [InlineData(0.49, 4, 1)] // two values must stay
    [InlineData(0.0, 10, 0)]
    public void CutOf_FractionAndNodes_IsRoundedUpWithinTheMedian(double fraction, int nodes, int expected) =>
        Assert.Equal(expected, new TrimmedMeanRule(fraction).CutOf(nodes));

    [Theory]
    [InlineData(-0.1)]
    [InlineData(0.5)]
    [InlineData(double.NaN)]
    public void Trimmed_FractionOutOfRange_IsRefused(double fraction) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new TrimmedMeanRule(fraction));

    [Fact]
    public void Median_OddNumber_IsTheMiddleValue()
    {
        var (update, weights) = Rounds.MergeAlike(new MedianRule(), [1, 5], [3, 4], [1000, 3]);
        Assert.Equal([3, 4], update);
        Assert.Equal([0, 1, 0], weights);
    }

    [Fact]
    public void Median_EvenNumber_IsTheMeanOfTheTwoInTheMiddle()
    {
        var (update, weights) = Rounds.MergeAlike(new MedianRule(), [1], [8], [-1000], [4]);
        Assert.Equal([2.5], update);
        Assert.Equal([0.5, 0, 0, 0.5], weights);
    }

    [Fact]
    public void Median_TiesAtTheEdge_CountForEveryNodeThatHasThem()
    {
        var (update, weights) = Rounds.MergeAlike(new MedianRule(), [2], [2], [2], [9]);
        Assert.Equal([2], update);
        Assert.Equal([1 / 3.0, 1 / 3.0, 1 / 3.0, 0], weights);
    }

    [Fact]
    public void Trimmed_SampleCounts_HaveNoSay()
    {
        var (update, _) = Rounds.Merge(new TrimmedMeanRule(), [1e9, 1, 1], [9], [1], [2]);
        Assert.Equal([2], update);
    }

    [Fact]
    public void Merge_RunningStatistics_AreTreatedAsAnyWeight()
    {
        WeightSet[] round =
        [
            .. new[] { 1f, 2f, 1e9f }.Select(value => TestWeights.Of(("norm.running_var", [value], [1]))),
        ];
        using var trimmed = new TrimmedMeanRule().Merge(round, [1, 1, 1]);
        using var median = new MedianRule().Merge(round, [1, 1, 1]);
        Rounds.Dispose(round);
        Assert.Equal(2, trimmed.Update["norm.running_var"].data<double>()[0]);
        Assert.Equal(2, median.Update["norm.running_var"].data<double>()[0]);
    }

    [Fact]
    public void Merge_AnySizeAndNodes_EqualsSortingOneCoordinateAtATime() =>
        Gen.Select(Gen.Int[1, 12], Gen.Int[1, 40], Gen.Double[0, 0.49], Gen.ULong)
            .Sample(
                (nodes, elements, fraction, seed) =>
                {
                    using Rounds round = new([
                        .. Enumerable
                            .Range(0, nodes)
                            .Select(node => TestWeights.Random(seed + (ulong)node, ("w", [elements]))),
                    ]);
                    var rule = new TrimmedMeanRule(fraction);
                    using var merged = rule.Merge(round, [.. round.Select(_ => 1.0)]);
                    int cut = rule.CutOf(nodes);
                    float[][] values = [.. round.Select(delta => delta.Values("w"))];
                    double[] expected =
                    [
                        .. Enumerable
                            .Range(0, elements)
                            .Select(i =>
                                values.Select(row => (double)row[i]).Order().Skip(cut).Take(nodes - 2 * cut).Sum()
                                / (nodes - 2 * cut)
                            ),
                    ];
                    Assert.Equal(expected, merged.Update["w"].data<double>().ToArray());
                },
                iter: 200,
                threads: 1
            );

    [Theory]
    [InlineData(16384)] // one piece
    [InlineData(16385)]
    [InlineData(50000)]
    public void Merge_TensorOfSeveralPieces_IsMergedWhole(int elements)
    {
        using Rounds round = new([
            .. Enumerable
                .Range(0, 3)
                .Select(node => TestWeights.Vector([.. Enumerable.Range(0, elements).Select(i => (float)(i + node))])),
        ]);
        using var merged = new MedianRule().Merge(round, [1, 1, 1]);
        Assert.Equal(Enumerable.Range(0, elements).Select(i => i + 1.0), merged.Update["w"].data<double>().ToArray());
    }

    [Fact]
    public void Merge_OneNodeSendsNaN_IsNotHidden()
    {
        var (update, _) = Rounds.MergeAlike(new MedianRule(), [1], [float.NaN], [3]);
        Assert.Equal([double.NaN], update); // admission refuses such values by name; ModuleAverager refuses this result
    }
}
