using Dmkd.Core.Routing.Discriminants;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Routing.Discriminants;

public sealed class FeatureMomentsTests
{
    [Fact]
    public void Of_ThreeImages_SumsByClassAndProductsOfAll()
    {
        using var features = tensor(
            new float[,]
            {
                { 1, 2 },
                { 3, 4 },
                { 5, 6 },
            }
        );
        var moments = FeatureMoments.Of(features, [7, 9, 7], [7, 9]);
        Assert.Equal([2L, 1L], moments.Counts);
        Assert.Equal([6d, 8d, 3d, 4d], moments.Sums);
        Assert.Equal([1d + 9 + 25, 2d + 12 + 30, 4d + 16 + 36], moments.Products);
    }

    [Fact]
    public void Plus_PartsOfOtherClasses_AreTheMomentsOfTheWhole()
    {
        using var features = tensor(
            new float[,]
            {
                { 1, 2 },
                { 3, 4 },
                { 5, 6 },
            }
        );
        using var first = features.narrow(0, 0, 2);
        using var last = features.narrow(0, 2, 1);
        var whole = FeatureMoments.Of(features, [9, 7, 3], [3, 7, 9]);
        var sum = FeatureMoments.Of(first, [9, 7], [7, 9]).Plus(FeatureMoments.Of(last, [3], [3]));
        Assert.Equal(whole.Classes, sum.Classes);
        Assert.Equal(whole.Counts, sum.Counts);
        Assert.Equal(whole.Sums, sum.Sums);
        Assert.Equal(whole.Products, sum.Products);
    }

    [Fact]
    public void Of_LabelOutsideTheClasses_IsNamed()
    {
        using var features = ones(1, 2);
        Assert.Contains(
            "class 5",
            Assert.Throws<ArgumentException>(() => FeatureMoments.Of(features, [5], [0, 1])).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Plus_OtherWidth_Throws() =>
        Assert.Throws<ArgumentException>(() => FeatureMoments.None(2).Plus(FeatureMoments.None(3)));
}
