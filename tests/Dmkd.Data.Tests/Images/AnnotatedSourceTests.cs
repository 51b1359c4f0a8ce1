using System.Text;
using Dmkd.Data.Images;

namespace Dmkd.Data.Tests.Images;

/// <summary>Tiny-ImageNet's own layout.</summary>
public sealed class AnnotatedSourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _elsewhere = new();

    public void Dispose()
    {
        _folder.Dispose();
        _elsewhere.Dispose();
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Load_OwnLayout_SortsValidationImagesByTheirAnnotations(bool zipped, bool withRoot)
    {
        Write("val_1.png\tn02\t0\t1\t2\t3\nval_0.png\tn01\t0\t1\t2\t3\r\n");
        var dataset = Datasets.Load(
            new DatasetSpec { Kind = "images", Path = zipped ? _elsewhere.Zip(_folder, withRoot) : _folder.Path }
        );
        Assert.Equal(["n01", "n02"], dataset.ClassNames);
        Assert.Equal([0, 0, 1, 1], dataset.Train.Labels);
        Assert.Equal([0, 1], dataset.Test.Labels);
        Assert.Equal([10, 20], [dataset.Test.Image(0)[0], dataset.Test.Image(1)[0]]);
    }

    [Fact]
    public void Load_ImageWithoutAnnotation_IsNamed()
    {
        Write("val_1.png\tn02\n");
        DatasetErrors.Expect(
            new DatasetSpec { Kind = "images", Path = _folder.Path },
            "val_annotations.txt does not tell the class of val_0.png"
        );
    }

    [Fact]
    public void Load_LineWithoutClass_IsNamed()
    {
        Write("val_0.png\tn01\nval_1.png\n");
        DatasetErrors.Expect(
            new DatasetSpec { Kind = "images", Path = _folder.Path },
            "val_annotations.txt:2 must be",
            "'val_1.png'"
        );
    }

    [Fact]
    public void Load_RealTinyImageNet_HasTwentyClasses()
    {
        string? zip = RealData.Find("data/tiny-imagenet-20.zip");
        Assert.SkipWhen(zip is null, "shared/data/tiny-imagenet-20.zip is not on this machine");
        var dataset = Datasets.Load(
            new DatasetSpec
            {
                Kind = "images",
                Path = zip,
                TrainPerClass = 2,
            }
        );
        Assert.Equal((20, 40, 1000), (dataset.ClassNames.Count, dataset.Train.Count, dataset.Test.Count));
    }

    private void Write(string annotations) =>
        _folder
            .Write("wnids.txt", [1])
            .Write("test/images/test_0.png", TestImages.Png(32, 32, 0, 0, 0))
            .Write("train/n01/images/a.png", TestImages.Png(32, 32, 1, 0, 0))
            .Write("train/n01/images/b.png", TestImages.Png(32, 32, 2, 0, 0))
            .Write("train/n01/n01_boxes.txt", [1])
            .Write("train/n02/images/a.png", TestImages.Png(32, 32, 3, 0, 0))
            .Write("train/n02/images/b.png", TestImages.Png(32, 32, 4, 0, 0))
            .Write("train/n02/n02_boxes.txt", [1])
            .Write("val/images/val_0.png", TestImages.Png(32, 32, 10, 0, 0))
            .Write("val/images/val_1.png", TestImages.Png(32, 32, 20, 0, 0))
            .Write("val/val_annotations.txt", Encoding.UTF8.GetBytes(annotations));
}
