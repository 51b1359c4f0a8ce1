using Dmkd.Data;
using Dmkd.Data.Images;
using Dmkd.Data.Images.Synthetic;
using Dmkd.Experiments.Protocol;
using Dmkd.Experiments.Protocol.Images;

namespace Dmkd.Experiments.Tests.Running;

public sealed class ValidationImagesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ImageDataset _dataset = SyntheticImages.Generate(trainPerClass: 10, testPerClass: 1, seed: 1);

    [Fact]
    public void Split_AShare_IsTakenFromEveryClassAndTheRestIsTrainedOn()
    {
        var (train, heldOut) = Split(new HeldOutImages(0.2, 1));
        Assert.Equal(Enumerable.Range(0, 100), train.Concat(heldOut).Order());
        Assert.All(heldOut.CountBy(position => _dataset.Train.Labels[position]), count => Assert.Equal(2, count.Value));
    }

    [Fact]
    public void Split_FewerToTrainOn_HoldsOutTheSameImages()
    {
        var (train, heldOut) = Split(new HeldOutImages(0.2, 1, TrainPerClass: 3));
        Assert.Equal(Split(new HeldOutImages(0.2, 1)).HeldOut, heldOut);
        Assert.All(train.CountBy(position => _dataset.Train.Labels[position]), count => Assert.Equal(3, count.Value));
        Assert.Empty(train.Intersect(heldOut));
    }

    [Fact]
    public void Split_Seed_DecidesIt()
    {
        Assert.Equal(Split(new HeldOutImages(0.2, 1)).HeldOut, Split(new HeldOutImages(0.2, 1)).HeldOut);
        Assert.NotEqual(Split(new HeldOutImages(0.2, 1)).HeldOut, Split(new HeldOutImages(0.2, 2)).HeldOut);
    }

    [Fact]
    public void Split_ClassOfTwoImages_IsRefused()
    {
        var small = SyntheticImages.Generate(trainPerClass: 2, testPerClass: 1, seed: 1);
        var refusal = Assert.Throws<DatasetException>(() =>
            ValidationImages.Split(small.Train, small.ClassNames, new HeldOutImages(0.5, 1))
        );
        Assert.Contains("has 2 training images", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_ReadAgain_HasTheSamePixelsClassesAndOrder()
    {
        int[] some = [1, 5, 17, 99];
        var test = _dataset.Train.Select([.. Enumerable.Range(0, 10).Select(label => 10 * label)]);
        using (var file = File.Create(_folder["set.zip"]))
            ClassFolderZip.Write(file, _dataset.ClassNames, _dataset.Train, test);
        var read = DatasetLoader.Load(
            new DatasetSpec { Kind = "images", Path = _folder["set.zip"] },
            ct: TestContext.Current.CancellationToken
        );
        Assert.Equal(_dataset.ClassNames, read.ClassNames.Select(name => name.Split(' ', 2)[1]));
        Assert.Equal(test.Labels.Order(), read.Test.Labels);
        int[] order = [.. Enumerable.Range(0, 100).OrderBy(position => _dataset.Train.Labels[position])];
        foreach (int i in some)
            Assert.Equal(_dataset.Train.Image(order[i]), read.Train.Image(i));
    }

    public void Dispose() => _folder.Dispose();

    private (int[] Train, int[] HeldOut) Split(HeldOutImages heldOut) =>
        ValidationImages.Split(_dataset.Train, _dataset.ClassNames, heldOut);
}
