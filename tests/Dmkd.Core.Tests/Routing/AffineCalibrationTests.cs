using Dmkd.Core.Routing;

namespace Dmkd.Core.Tests.Routing;

public sealed class AffineCalibrationTests
{
    [Fact]
    public void Fit_LabelsDrawnWithKnownPairs_RecoversThem()
    {
        AffinePair[] known = [new(0.5, 0.8), new(2, -0.3), new(1, -0.5)]; // shifts add up to 0, as the pull leaves them
        var (experts, labels) = Draw(known, count: 20_000);
        var fitted = AffineCalibration.Fit(experts, labels);
        foreach (var (expected, actual) in known.Zip(fitted))
        {
            Assert.Equal(expected.Scale, actual.Scale, 0.08); // the draw's own error is about 0.02
            Assert.Equal(expected.Shift, actual.Shift, 0.08);
        }
    }

    [Fact]
    public void Fit_TwoTimes_IsEqualToTheLastBit()
    {
        var (experts, labels) = Draw([new(0.5, 1), new(2, -1)], count: 100);
        Assert.Equal(AffineCalibration.Fit(experts, labels), AffineCalibration.Fit(experts, labels));
    }

    [Fact]
    public void Fit_SeparableExemplars_StaysFinite()
    {
        ExpertView[] experts = [new([0], 0, [9, 0, 9, 0]), new([1], 0, [0, 9, 0, 9])];
        Assert.All(AffineCalibration.Fit(experts, [0, 1, 0, 1]), pair => Assert.InRange(pair.Scale, 0.01, 100));
    }

    [Fact]
    public void Fit_ExpertThatIsAlwaysWrong_KeepsItsOrder()
    {
        ExpertView[] experts = [new([0, 1], 0, [9, 0, 0, 9]), new([2], 0, [0, 0])];
        Assert.All(AffineCalibration.Fit(experts, [1, 0]), pair => Assert.True(pair.Scale > 0));
    }

    [Fact]
    public void Fit_ClassThatNobodyKnows_IsNamed() =>
        Assert.Contains(
            "class 7",
            Assert.Throws<ArgumentException>(() => AffineCalibration.Fit([new([0], 0, [1])], [7])).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Fit_NoExemplar_Throws() =>
        Assert.Throws<ArgumentException>(() => AffineCalibration.Fit([new([0], 0, [])], []));

    [Fact]
    public void Apply_Pair_IsScaleTimesScorePlusShift() =>
        Assert.Equal([1f, 5f], new AffinePair(2, 1).Apply(new([0, 1], 0, [0, 2])).ClassScores);

    /// <summary>
    /// Random scores of two classes an expert, and labels drawn from the softmax of the calibrated scores.
    /// </summary>
    private static (ExpertView[] Experts, int[] Labels) Draw(AffinePair[] pairs, int count)
    {
        var random = new Random(1);
        var experts = pairs
            .Select(
                (_, k) =>
                    new ExpertView(
                        [2 * k, 2 * k + 1],
                        0,
                        [.. Enumerable.Range(0, 2 * count).Select(_ => (float)(4 * random.NextDouble() - 2))]
                    )
            )
            .ToArray();
        var scaled = experts.Zip(pairs, (expert, pair) => pair.Apply(expert).ClassScores).ToArray();
        int[] labels =
        [
            .. Enumerable
                .Range(0, count)
                .Select(i =>
                {
                    double[] weights =
                    [
                        .. scaled.SelectMany(scores => scores[(2 * i)..(2 * i + 2)]).Select(score => Math.Exp(score)),
                    ];
                    double left = random.NextDouble() * weights.Sum();
                    int label = 0;
                    while (label < weights.Length - 1 && (left -= weights[label]) > 0)
                        label++;
                    return label;
                }),
        ];
        return (experts, labels);
    }
}
