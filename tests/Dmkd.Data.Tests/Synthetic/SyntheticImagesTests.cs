using Dmkd.Data.Images.Synthetic;

namespace Dmkd.Data.Tests.Synthetic;

public sealed class SyntheticImagesTests
{
    [Fact]
    public void Generate_SameSeed_SameBytes()
    {
        var first = SyntheticImages.Generate(20, 10, seed: 3);
        var second = SyntheticImages.Generate(20, 10, seed: 3);

        Assert.Equal(first.Train.Pixels, second.Train.Pixels);
        Assert.Equal(first.Test.Pixels, second.Test.Pixels);
    }

    [Fact]
    public void Generate_OtherSeed_OtherBytes() =>
        Assert.NotEqual(
            SyntheticImages.Generate(2, 1, seed: 3).Train.Pixels,
            SyntheticImages.Generate(2, 1, seed: 4).Train.Pixels
        );

    [Fact]
    public void Generate_EveryClass_HasItsShare()
    {
        var dataset = SyntheticImages.Generate(4, 3, seed: 1);

        Assert.Equal(
            ["arrow", "boat", "bottle", "cup", "flag", "house", "key", "lamp", "tree", "umbrella"],
            dataset.ClassNames
        );
        Assert.All(dataset.Train.Labels.CountBy(label => label), count => Assert.Equal(4, count.Value));
        Assert.All(dataset.Test.Labels.CountBy(label => label), count => Assert.Equal(3, count.Value));
        Assert.Equal((3, 32, 32), (dataset.Train.Channels, dataset.Train.Height, dataset.Train.Width));
    }

    [Fact]
    public void Generate_TrainAndTest_ShareNoImage()
    {
        var dataset = SyntheticImages.Generate(50, 50, seed: 1);
        var train = Enumerable
            .Range(0, dataset.Train.Count)
            .Select(i => Convert.ToHexString(dataset.Train.Image(i)))
            .ToHashSet();

        Assert.Equal(dataset.Train.Count, train.Count);
        Assert.DoesNotContain(
            Enumerable.Range(0, dataset.Test.Count),
            i => train.Contains(Convert.ToHexString(dataset.Test.Image(i)))
        );
    }

    [Fact]
    public void Generate_LargerSet_BeginsWithTheSmaller()
    {
        var small = SyntheticImages.Generate(2, 1, seed: 1).Train;
        var large = SyntheticImages.Generate(5, 1, seed: 1).Train;

        Assert.Equal(small.Image(2 * 7 + 1).ToArray(), large.Image(5 * 7 + 1).ToArray());
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public void Generate_NoImages_Throws(int train, int test) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => SyntheticImages.Generate(train, test, seed: 1));
}
