using Dmkd.Data.Images;

namespace Dmkd.Data.Tests;

public sealed class DatasetLoaderTests
{
    [Fact]
    public void Load_UnknownKind_ListsTheKinds() =>
        DatasetErrors.Expect(new DatasetSpec { Kind = "mnist" }, "mnist", "synthetic, images, cifar10, cifar100");

    [Theory]
    [InlineData("images")]
    [InlineData("cifar10")]
    [InlineData("cifar100")]
    public void Load_NoPath_AsksForOne(string kind) =>
        DatasetErrors.Expect(new DatasetSpec { Kind = kind }, kind, "needs a path");

    [Theory]
    [InlineData("images")]
    [InlineData("cifar10")]
    public void Load_PathThatIsNotThere_NamesIt(string kind) =>
        DatasetErrors.Expect(new DatasetSpec { Kind = kind, Path = "/no/such/place" }, "/no/such/place does not exist");

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Load_TooFewTrainPerClass_NamesLimitAndValue(int value) =>
        DatasetErrors.Expect(
            new DatasetSpec { TrainPerClass = value },
            "TrainPerClass must be at least 2",
            $"it is {value}"
        );

    [Fact]
    public void Load_TooFewTestPerClass_NamesLimitAndValue() =>
        DatasetErrors.Expect(new DatasetSpec { TestPerClass = 0 }, "TestPerClass must be at least 1", "it is 0");

    [Theory]
    [InlineData("images", 7, "[8, 512]")]
    [InlineData("images", 513, "[8, 512]")]
    [InlineData("synthetic", 64, "must be 32")]
    [InlineData("cifar10", 64, "must be 32")]
    public void Load_ImageSizeOutOfRange_NamesLimitAndValue(string kind, int size, string limit) =>
        DatasetErrors.Expect(new DatasetSpec { Kind = kind, ImageSize = size }, "ImageSize", limit, $"it is {size}");

    [Fact]
    public void Load_MoreThanOneArrayHolds_NamesTheLimit() =>
        DatasetErrors.Expect(new DatasetSpec { TrainPerClass = int.MaxValue }, "21474836470 images", "TrainPerClass");

    [Fact]
    public void Load_Synthetic_IsGenerate()
    {
        var loaded = Datasets.Load(
            new DatasetSpec
            {
                TrainPerClass = 3,
                TestPerClass = 2,
                Seed = 5,
            }
        );
        var generated = Dmkd.Data.Images.Synthetic.SyntheticImages.Generate(3, 2, seed: 5);

        Assert.Equal(generated.Train.Pixels, loaded.Train.Pixels);
        Assert.Equal(generated.Test.Labels, loaded.Test.Labels);
    }

    [Fact]
    public void Load_Cancelled_Throws() =>
        Assert.Throws<OperationCanceledException>(() =>
            DatasetLoader.Load(new DatasetSpec(), ct: new CancellationToken(canceled: true))
        );
}
