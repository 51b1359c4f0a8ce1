using System.IO.Compression;
using Dmkd.Data.Images;

namespace Dmkd.Data.Tests.Images;

public sealed class ImageFolderReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _elsewhere = new();

    public void Dispose()
    {
        _folder.Dispose();
        _elsewhere.Dispose();
    }

    [Fact]
    public void Load_Folder_SortsClassesAndReadsBothSplits()
    {
        _folder.WriteClasses(3, "test", "zebra", "Ant", "bee");

        var dataset = Datasets.Load(Spec());

        Assert.Equal(["Ant", "bee", "zebra"], dataset.ClassNames);
        Assert.Equal([0, 0, 0, 1, 1, 1, 2, 2, 2], dataset.Train.Labels);
        Assert.Equal(9, dataset.Test.Count);
        Assert.Equal(
            [50, 20, 0],
            [dataset.Train.Image(2)[0], dataset.Train.Image(2)[1024], dataset.Train.Image(2)[2048]]
        );
    }

    [Fact]
    public void Load_ValFolder_StandsInForTest()
    {
        _folder.WriteClasses(2, "val", "a", "b");

        Assert.Equal(4, Datasets.Load(Spec()).Test.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Load_Zip_EqualsItsFolder(bool withRoot)
    {
        _folder.WriteClasses(3, "test", "a", "b");
        string zip = _elsewhere.Zip(_folder, withRoot);

        Assert.Equal(Datasets.Load(Spec()).Train.Pixels, Datasets.Load(Spec(zip)).Train.Pixels);
    }

    [Fact]
    public void Load_TrainPerClass_IsASeededSubset()
    {
        _folder.WriteClasses(20, "test", "a", "b");
        var spec = Spec() with { TrainPerClass = 5, Seed = 1 };

        var first = Datasets.Load(spec).Train;

        Assert.Equal(10, first.Count);
        Assert.Equal(first.Pixels, Datasets.Load(spec).Train.Pixels);
        Assert.NotEqual(first.Pixels, Datasets.Load(spec with { Seed = 2 }).Train.Pixels);
    }

    [Fact]
    public void Load_OtherFiles_AreIgnored()
    {
        _folder
            .WriteClasses(2, "test", "a", "b")
            .Write("train/a/notes.txt", [1])
            .Write("train/labels.csv", [1])
            .Write("train/.DS_Store", [1])
            .Write("__MACOSX/train/c/._x.png", [1]);

        Assert.Equal(4, Datasets.Load(Spec()).Train.Count);
    }

    [Fact]
    public void Load_ReportsProgressToTheEnd()
    {
        _folder.WriteClasses(2, "test", "a", "b");
        var reports = new ReportList();

        Datasets.Load(Spec(), reports);

        Assert.Contains(new DatasetProgress("decoding train images", 4, 4), reports);
        Assert.Contains(new DatasetProgress("decoding test images", 4, 4), reports);
    }

    [Fact]
    public void Load_CancelledBetweenImages_Stops()
    {
        _folder.WriteClasses(2, "test", "a", "b");
        using var stop = new CancellationTokenSource();
        var stopAtOnce = new ReportList { OnReport = stop.Cancel };

        Assert.ThrowsAny<OperationCanceledException>(() => DatasetLoader.Load(Spec(), stopAtOnce, stop.Token));
    }

    [Fact]
    public void Load_EmptyFolder_NamesIt() =>
        DatasetErrors.Expect(Spec(), _folder.Path, "is empty", "train/<class>/<image>");

    [Fact]
    public void Load_NoTrainFolder_NamesIt()
    {
        _folder.Write("test/a/1.png", TestImages.Jpeg());

        DatasetErrors.Expect(Spec(), "has no train/ folder");
    }

    [Fact]
    public void Load_NoTestFolder_NamesIt()
    {
        _folder.Write("train/a/1.png", TestImages.Jpeg());

        DatasetErrors.Expect(Spec(), "has no test/ or val/ folder");
    }

    [Fact]
    public void Load_NoClassFolders_NamesTheSplit()
    {
        _folder.Write("train/1.png", TestImages.Jpeg());

        DatasetErrors.Expect(Spec(), "train/ has no class folders");
    }

    [Fact]
    public void Load_ClassesDiffer_NamesThem()
    {
        _folder
            .WriteClasses(2, "test", "a", "b")
            .Write("train/c/1.png", TestImages.Jpeg())
            .Write("test/d/1.png", TestImages.Jpeg());

        DatasetErrors.Expect(Spec(), "only in train: c", "only in test: d");
    }

    [Fact]
    public void Load_SingleClass_NamesIt()
    {
        _folder.WriteClasses(2, "test", "alone");

        DatasetErrors.Expect(Spec(), "single class, 'alone'", "at least 2");
    }

    [Fact]
    public void Load_ClassWithoutImages_NamesIt()
    {
        _folder.WriteClasses(2, "test", "a", "b").MakeFolder("train/c").MakeFolder("test/c");

        DatasetErrors.Expect(Spec(), "class folder train/c has no images", ".jpg");
    }

    [Fact]
    public void Load_ClassWithOneImage_NamesTheLimit()
    {
        _folder.WriteClasses(1, "test", "a", "b");

        DatasetErrors.Expect(Spec(), "class 'a' has 1 train image(s)", "at least 2");
    }

    [Fact]
    public void Load_CorruptJpeg_NamesTheFile()
    {
        _folder.WriteClasses(2, "test", "a", "b").Write("train/b/bad.jpg", TestImages.Jpeg()[..300]);

        DatasetErrors.Expect(Spec(), Path.Combine(_folder.Path, "train/b/bad.jpg"));
    }

    [Fact]
    public void Load_CorruptJpegInZip_NamesTheEntry()
    {
        _folder.WriteClasses(2, "test", "a", "b").Write("train/b/bad.jpg", TestImages.Jpeg()[..300]);

        DatasetErrors.Expect(Spec(_elsewhere.Zip(_folder)), "data.zip!train/b/bad.jpg");
    }

    [Fact]
    public void Load_NotAZip_NamesTheFile()
    {
        _folder.Write("data.zip", "this is no zip file"u8.ToArray());

        DatasetErrors.Expect(Spec(Path.Combine(_folder.Path, "data.zip")), "data.zip is not a readable zip file");
    }

    [Fact]
    public void Load_TruncatedZip_NamesTheFile()
    {
        string zip = _elsewhere.Zip(_folder.WriteClasses(2, "test", "a", "b"));
        File.WriteAllBytes(zip, File.ReadAllBytes(zip)[..^50]);

        DatasetErrors.Expect(Spec(zip), "data.zip is not a readable zip file");
    }

    [Fact]
    public void Load_DamagedZipEntry_NamesTheEntry()
    {
        string zip = _elsewhere.Zip(_folder.WriteClasses(2, "test", "a", "b"));
        byte[] bytes = File.ReadAllBytes(zip);
        bytes[0] ^= 0xFF; // the first entry's own header; the directory at the end stays readable
        File.WriteAllBytes(zip, bytes);

        DatasetErrors.Expect(Spec(zip), "data.zip!", "damaged zip entry");
    }

    [Fact]
    public void Load_ZipWithOnePathTwice_NamesIt()
    {
        string zip = _elsewhere.Zip(_folder.WriteClasses(2, "test", "a", "b"));
        using (var archive = ZipFile.Open(zip, ZipArchiveMode.Update))
            archive.CreateEntry("train\\a\\000.png");

        DatasetErrors.Expect(Spec(zip), "data.zip has train/a/000.png several times");
    }

    [Fact]
    public void Load_EveryFileChecked_RefusesAnEmptyOneThatIsNotTaken()
    {
        _folder.WriteClasses(40, "test", "a", "b").Write("train/b/011.png", []);
        var few = Spec() with { TrainPerClass = 2, TestPerClass = 1, Seed = 1 };

        Assert.Equal(4, Datasets.Load(few).Train.Count);
        DatasetErrors.Expect(few with { ChecksEveryFile = true }, "train/b/011.png is an empty file");
        DatasetErrors.Expect(Spec(), "train/b/011.png is an empty file");
    }

    [Fact]
    public void Load_ZipBomb_IsRefusedUnread()
    {
        string zip = _elsewhere.Zip(_folder.WriteClasses(2, "test", "a", "b"));
        using (var archive = ZipFile.Open(zip, ZipArchiveMode.Update))
        {
            using var bomb = archive.CreateEntry("train/a/bomb.png", CompressionLevel.Fastest).Open();
            for (int i = 0; i < 65; i++)
                bomb.Write(new byte[1 << 20]);
        }

        DatasetErrors.Expect(Spec(zip), "train/a/bomb.png holds 68157440 bytes", "at most 67108864");
    }

    [Fact]
    public void Load_RealCifarZip_ReadsEveryClass()
    {
        if (RealData.Find("data/cifar10-images.zip") is not { } zip)
        {
            Assert.Skip("shared/data/cifar10-images.zip is not beside the repository.");
            return;
        }

        var dataset = Datasets.Load(Spec(zip) with { TrainPerClass = 50, TestPerClass = 10 });

        Assert.Equal(
            ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
            dataset.ClassNames
        );
        Assert.Equal(500, dataset.Train.Count);
        Assert.Equal(100, dataset.Test.Count);
        Assert.InRange(dataset.Train.Pixels.Average(value => (double)value), 110, 130); // the mean of CIFAR-10 is 121
    }

    private DatasetSpec Spec(string? path = null) => new() { Kind = "images", Path = path ?? _folder.Path };
}
