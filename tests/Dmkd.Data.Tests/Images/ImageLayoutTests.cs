using Dmkd.Data.Images;

namespace Dmkd.Data.Tests.Images;

/// <summary>Ways in which people keep images of classes, and what is left out of them.</summary>
public sealed class ImageLayoutTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _elsewhere = new();

    public void Dispose()
    {
        _folder.Dispose();
        _elsewhere.Dispose();
    }

    [Theory]
    [InlineData("train", "valid")]
    [InlineData("train", "validation")]
    [InlineData("Train", "Test")]
    [InlineData("training", "testing")]
    [InlineData("ds/train", "ds/test")]
    [InlineData("ds/ds/Train", "ds/ds/VAL")]
    public void Load_NamesAndWrappersInUse_AreRead(string train, string test)
    {
        WriteSplit(train, 3, "a", "b").WriteSplit(test, 2, "a", "b")._folder.Write("README.txt", [1]);

        var dataset = Datasets.Load(Spec());

        Assert.Equal(["a", "b"], dataset.ClassNames);
        Assert.Equal((6, 4), (dataset.Train.Count, dataset.Test.Count));
        Assert.Equal(dataset.Digest, Datasets.Load(Spec(_elsewhere.Zip(_folder))).Digest);
    }

    [Fact]
    public void Load_DeepFiles_AreTheSameFromFolderAndZip()
    {
        WriteSplit("train", 2, "a", "b").WriteSplit("test", 2, "a", "b");
        foreach (string name in new[] { "a", "b" })
            _folder.Write($"test/{name}/x/y/z/9.png", Png(9));

        Assert.Equal(6, Datasets.Load(Spec()).Test.Count);
        Assert.Equal(6, Datasets.Load(Spec(_elsewhere.Zip(_folder))).Test.Count);
    }

    [Fact]
    public void Load_LinkToAFolderAbove_IsNotFollowedForEver()
    {
        WriteSplit("train", 2, "a", "b").WriteSplit("test", 2, "a", "b");
        Directory.CreateSymbolicLink(
            Path.Combine(_folder.Path, "train/a/again"),
            Path.Combine(_folder.Path, "train/a")
        );
        _elsewhere.Write("c/0.png", Png(1)).Write("c/1.png", Png(2)).Write("c/2.png", Png(3));
        foreach (string split in new[] { "train", "test" })
            Directory.CreateSymbolicLink(Path.Combine(_folder.Path, $"{split}/c"), Path.Combine(_elsewhere.Path, "c"));

        var dataset = Datasets.Load(Spec());

        Assert.Equal([0, 0, 1, 1, 2, 2, 2], dataset.Train.Labels); // a link elsewhere is a folder like any
    }

    [Fact]
    public void Load_FilesThatNobodyReads_AreCountedAndNamed()
    {
        WriteSplit("train", 2, "a", "b").WriteSplit("test", 2, "a", "b");
        _folder.Write("test/a/zz.tif", [1]).Write("train/b/x.HEIC", [1]).Write("train/b/notes.txt", [1]);

        string note = Assert.Single(Datasets.Load(Spec()).Notes);

        Assert.Contains("2 file(s)", note, StringComparison.Ordinal);
        Assert.Contains("test/a/zz.tif", note, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_TestWithoutLabels_UsesValAndSaysSo()
    {
        WriteSplit("train", 2, "a", "b").WriteSplit("val", 2, "a", "b");
        _folder.Write("test/0.png", Png(1)).Write("test/1.png", Png(2));

        var dataset = Datasets.Load(Spec());

        Assert.Equal([0, 0, 1, 1], dataset.Test.Labels);
        Assert.Contains("test/ has no class folders", Assert.Single(dataset.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_SeveralDataSets_NamesTwo()
    {
        WriteSplit("one/train", 2, "a", "b").WriteSplit("two/train", 2, "a", "b");

        DatasetErrors.Expect(Spec(), "several data sets", "one/ and two/");
    }

    [Fact]
    public void Load_DamagedImages_AreAllNamedAtOnce()
    {
        WriteSplit("train", 4, "a", "b").WriteSplit("test", 2, "a", "b");
        foreach (string file in new[] { "train/a/000.png", "train/b/001.png", "train/b/003.png" })
            _folder.Write(file, "no image"u8.ToArray());

        DatasetErrors.Expect(Spec(), "3 images cannot be used", "a/000.png", "b/001.png", "b/003.png");
    }

    [Fact]
    public void Load_ManyDamagedImages_NamesTwenty()
    {
        WriteSplit("train", 40, "a", "b").WriteSplit("test", 2, "a", "b");
        for (int i = 0; i < 40; i++)
            _folder.Write($"train/a/{i:000}.png", "no image"u8.ToArray());

        string message = Assert.Throws<DatasetException>(() => Datasets.Load(Spec())).Message;

        Assert.StartsWith("more than 20 images", message, StringComparison.Ordinal);
        Assert.Equal(20, message.Split("is not a readable image").Length - 1);
    }

    [Fact]
    public void Load_ClassFoldersAlone_NeedAHoldout()
    {
        WriteSplit("", 10, "a", "b", "c");

        DatasetErrors.Expect(Spec(), "class folders (a, b, c) but no train/", "--holdout 0.2");
        var dataset = Datasets.Load(Spec() with { Holdout = 0.2 });

        Assert.Equal((24, 6), (dataset.Train.Count, dataset.Test.Count));
        Assert.Equal(dataset.Digest, Datasets.Load(Spec() with { Holdout = 0.2 }).Digest);
        Assert.NotEqual(dataset.Digest, Datasets.Load(Spec() with { Holdout = 0.2, Seed = 1 }).Digest);
        var images = dataset.Train.Pixels.Chunk(3072).Concat(dataset.Test.Pixels.Chunk(3072));
        Assert.Equal(30, images.Select(Convert.ToHexString).Distinct().Count()); // nothing twice, nothing lost
    }

    [Fact]
    public void Load_TrainAlone_NeedsAHoldout()
    {
        WriteSplit("train", 5, "a", "b");

        DatasetErrors.Expect(Spec(), "has no test/ or val/ folder", "--holdout");
        Assert.Equal(2, Datasets.Load(Spec() with { Holdout = 0.1 }).Test.Count);
    }

    [Fact]
    public void Load_HoldoutBesideATestSet_IsRefused()
    {
        WriteSplit("train", 5, "a", "b").WriteSplit("test", 5, "a", "b");

        DatasetErrors.Expect(Spec() with { Holdout = 0.1 }, "test images of its own", "--holdout");
    }

    [Theory]
    [InlineData("val")]
    [InlineData("")]
    public void Load_WithoutTraining_NeedsWhatItUses(string folder)
    {
        WriteSplit(folder, 2, "a", "b");

        var dataset = Datasets.Load(Spec() with { NeedsTraining = false });

        Assert.Equal((0, 4), (dataset.Train.Count, dataset.Test.Count));
    }

    [Fact]
    public void Load_HoldoutWithoutTraining_TakesTheSameTestImages()
    {
        WriteSplit("", 10, "a", "b");
        var spec = Spec() with { Holdout = 0.2 };

        Assert.Equal(Datasets.Load(spec).Test.Pixels, Datasets.Load(spec with { NeedsTraining = false }).Test.Pixels);
    }

    [Fact]
    public void Load_MoreThanStaysInMemory_DecodesTheSameOnDemand()
    {
        WriteSplit("train", 20, "a", "b").WriteSplit("test", 4, "a", "b");
        var whole = Datasets.Load(Spec());
        var lazy = Datasets.Load(Spec() with { MaxResidentBytes = 40 * 3072 });

        Assert.Equal(whole.Train.Pixels, lazy.Train.Pixels);
        Assert.Equal(whole.Train.Pixels, lazy.Train.Pixels); // from the cache, in part
        Assert.Equal(whole.Test.Select([7, 0, 7]).Pixels, lazy.Test.Select([7, 0, 7]).Pixels);
        Assert.Equal(
            ImageSet.Concat([whole.Train.Select([1]), whole.Test]).Pixels,
            ImageSet.Concat([lazy.Train.Select([1]), lazy.Test]).Pixels
        );
        Assert.Equal(whole.Train.Relabel(label => 1 - label).Labels, lazy.Train.Relabel(label => 1 - label).Labels);
    }

    [Fact]
    public void Digest_FollowsContentNotPlace()
    {
        WriteSplit("train", 2, "a", "b").WriteSplit("test", 2, "a", "b");
        string before = Datasets.Load(Spec()).Digest;
        string zipped = Datasets.Load(Spec(_elsewhere.Zip(_folder))).Digest;
        File.Move(Path.Combine(_folder.Path, "train/a/000.png"), Path.Combine(_folder.Path, "train/a/0.tmp"));
        File.Move(Path.Combine(_folder.Path, "train/b/000.png"), Path.Combine(_folder.Path, "train/a/000.png"));
        File.Move(Path.Combine(_folder.Path, "train/a/0.tmp"), Path.Combine(_folder.Path, "train/b/000.png"));

        Assert.Equal(before, zipped);
        Assert.NotEqual(before, Datasets.Load(Spec()).Digest); // two images changed places, of two classes
    }

    private static byte[] Png(int value) => TestImages.Png(32, 32, (byte)(value * 10), 0, 0);

    private ImageLayoutTests WriteSplit(string split, int perClass, params string[] classes)
    {
        for (int label = 0; label < classes.Length; label++)
        for (int i = 0; i < perClass; i++)
            _folder.Write(
                Path.Combine(split, classes[label], $"{i:000}.png"),
                TestImages.Png(32, 32, (byte)(label * 50), (byte)(i * 5), (byte)split.Length)
            );
        return this;
    }

    private DatasetSpec Spec(string? path = null) => new() { Kind = "images", Path = path ?? _folder.Path };
}
