using Dmkd.Core.Routing.Discriminants;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Routing.Discriminants;

public sealed class LinearDiscriminantTests
{
    private const int Images = 4_000;

    [Fact]
    public void Fit_NormalClassesOfOneCovariance_GivesTheirLogOdds()
    {
        // Class c is N(mean_c, Σ) with Σ = diag(1, 4): the log odds of 0 against 1 are known in closed form.
        using var scope = NewDisposeScope();
        using var generator = new Generator(1, CPU);
        double[][] means =
        [
            [0, 0],
            [2, 2],
        ];
        var draws = means
            .Select(mean =>
                randn([Images, 2], generator: generator) * tensor(new float[] { 1, 2 })
                + tensor(mean.Select(value => (float)value).ToArray())
            )
            .ToArray();
        int[] labels = [.. Enumerable.Repeat(4, Images), .. Enumerable.Repeat(6, Images)];
        var fitted = LinearDiscriminant.Fit(FeatureMoments.Of(cat(draws), labels, [4, 6]));
        Assert.Equal([4, 6], fitted.Classes);
        double[] scores = fitted.Score(
            tensor(
                new float[,]
                {
                    { 0.5f, 1 },
                }
            )
        );
        double expected = -0.5 * (0.25 + 1 / 4.0) + 0.5 * (2.25 + 1 / 4.0);
        Assert.Equal(expected, scores[0] - scores[1], 0.15); // the draw, and 2 % of shrinkage
    }

    [Fact]
    public void Fit_ClassWithoutImages_IsNotKnown()
    {
        using var features = tensor(
            new float[,]
            {
                { 1, 2 },
                { 2, 1 },
            }
        );
        Assert.Equal([3], LinearDiscriminant.Fit(FeatureMoments.Of(features, [3, 3], [1, 3])).Classes);
    }

    [Fact]
    public void Fit_FeaturesThatNeverVary_StaysFinite()
    {
        using var features = zeros(2, 3);
        var fitted = LinearDiscriminant.Fit(FeatureMoments.Of(features, [0, 1], [0, 1]));
        Assert.All(fitted.Score(features), score => Assert.True(double.IsFinite(score)));
    }

    [Fact]
    public void Fit_NoImage_Throws() =>
        Assert.Throws<ArgumentException>(() => LinearDiscriminant.Fit(FeatureMoments.None(2)));

    [Fact]
    public void Score_OtherWidth_Throws()
    {
        using var features = zeros(2, 3);
        var fitted = LinearDiscriminant.Fit(FeatureMoments.Of(features, [0, 1], [0, 1]));
        using var other = zeros(1, 4);
        Assert.Throws<ArgumentException>(() => fitted.Score(other));
    }
}
