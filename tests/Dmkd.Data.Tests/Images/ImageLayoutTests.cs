using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
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

    [Theory]
    [InlineData("labels.csv", "filename,label,split\n", ",train", ",val")]
    [InlineData("annotations.csv", "Split;Image;Class\n", "train;", "test;")]
    public void Load_Table_SortsImagesByIt(string file, string header, string train, string test)
    {
        var table = new StringBuilder(header);
        for (int i = 0; i < 8; i++)
        {
            _folder.Write($"images/{i}.png", Png(i));
            string split = i < 4 ? train : test;
            string label = i % 2 == 0 ? "cat" : "\"dog\"";
            table.AppendLine(header[0] == 'S' ? $"{split}{i}.png;{label}" : $"images/{i}.png,{label}{split}");
        }

        _folder.Write(file, Encoding.UTF8.GetBytes(table.ToString())).Write("images/odd.png", Png(99));
        var dataset = Datasets.Load(Spec());

        Assert.Equal(["cat", "dog"], dataset.ClassNames);
        Assert.Equal([0, 0, 1, 1], dataset.Train.Labels);
        Assert.Equal([0, 20, 10, 30], dataset.Train.Pixels.Chunk(3072).Select(image => (int)image[0]));
        Assert.Contains("1 image(s) that no list", Assert.Single(dataset.Notes), StringComparison.Ordinal);
        Assert.Equal(dataset.Digest, Datasets.Load(Spec(Path.Combine(_folder.Path, file))).Digest);
    }

    [Theory]
    [InlineData(',', "\uFEFF")]
    [InlineData(';', "")]
    [InlineData('\t', "")]
    public void Load_TableWithQuotedCells_KeepsWhatIsInside(char separator, string start)
    {
        string label = $"\"cat{separator} \"\"wild\"\"\"";
        var table = new StringBuilder($"{start}\"file\"{separator}note{separator}label{separator}set\r\n");
        for (int i = 0; i < 8; i++)
        {
            _folder.Write($"images/{i}.png", Png(i));
            string note = i == 1 ? "\"two\r\nlines\"" : "";
            string end = $"{(i % 2 == 0 ? label : "dog ")}{separator}{(i < 4 ? "train" : "test")}\r\n\r\n";
            table.Append($"\"images/{i}.png\"{separator}{note}{separator}  {end}");
        }

        _folder.Write("labels.csv", Encoding.UTF8.GetBytes(table.ToString()));
        Assert.Equal([$"cat{separator} \"wild\"", "dog"], Datasets.Load(Spec()).ClassNames);

        table.Append($"images/8.png{separator}{separator}dog{separator}train");
        _folder.Write("labels.csv", Encoding.UTF8.GetBytes(table.ToString()));
        DatasetErrors.Expect(Spec(), "labels.csv:19 names images/8.png");
    }

    [Theory]
    [InlineData("file,label\nimages/0.png,a\n\nimages/0.png\n", "labels.csv:4 has 1 field, and its first line has 2")]
    [InlineData("file,label\nimages/0.png,big ant, red\n", "labels.csv:2 has 3 fields, and its first line has 2")]
    [InlineData("images/0.png,big ant, red\n", "labels.csv:1 has 3 fields, and nothing names them")]
    [InlineData("file,label,Label\nimages/0.png,a,b\n", "labels.csv:1 has 2 columns of classes: label, Label")]
    [InlineData("file,label,class\nimages/0.png,a,b\n", "labels.csv:1 has 2 columns of classes: label, class")]
    [InlineData("file,file,class\nimages/0.png,a,b\n", "labels.csv:1 has 2 columns of files: file, file")]
    [InlineData("file,class,set,split\nimages/0.png,a,b,c\n", "labels.csv:1 has 2 columns of sets: set, split")]
    [InlineData(
        "file,label\nimages/0.png,a\nimages/1.png,b\n0.png,b\n",
        "labels.csv:4 puts 0.png into b, and",
        "labels.csv:2 puts it into a"
    )]
    [InlineData(
        "file,label,set\nimages/0.png,a,train\nimages/0.png,a,test\n",
        "labels.csv:3 puts images/0.png into test/a"
    )]
    [InlineData("file,label\nimages/0.png,a\nimages/2.png,b\n", "labels.csv:3 names images/2.png")]
    [InlineData("file,label\nimages/0.png,a\ntest/1.png,b\n", "labels.csv:2 puts images/0.png into no set")]
    public void Load_TableThatCannotBe_NamesTheLine(string table, params string[] parts)
    {
        _folder
            .Write("images/0.png", Png(0))
            .Write("images/1.png", Png(1))
            .Write("test/1.png", Png(2))
            .Write("labels.csv", Encoding.UTF8.GetBytes(table));

        DatasetErrors.Expect(Spec(), parts);
        DatasetErrors.Expect(Spec(Path.Combine(_folder.Path, "labels.csv")), parts);
    }

    [Theory]
    [InlineData(
        "file,foo\ntrain/a/000.png,a\n",
        "labels.csv has no column of classes (label, class, ...); it has: file, foo."
    )]
    [InlineData("a,b,label\nc,d,e\n", "labels.csv has no column of files (file, filename, ...); it has: a, b, label.")]
    [InlineData("000,a\n", "labels.csv has no column of classes (label, class, ...); it has: 000, a.")]
    [InlineData("file,label\n", "labels.csv names no images.")]
    [InlineData("", "labels.csv names no images.")]
    public void Load_NamedTableWithoutClasses_IsNotItsFolder(string table, string part)
    {
        WriteSplit("train", 2, "a", "b").WriteSplit("test", 2, "a", "b");
        _folder.Write("labels.csv", Encoding.UTF8.GetBytes(table));

        DatasetErrors.Expect(Spec(Path.Combine(_folder.Path, "labels.csv")), part);
        Assert.Empty(Datasets.Load(Spec()).Notes); // beside class folders it is any file
    }

    [Theory]
    [InlineData("file,label")]
    [InlineData("")]
    [InlineData("file,label,set")]
    public void Load_TableBesideClassFolders_IsLeftOutUnlessNamed(string header)
    {
        WriteSplit("train", 2, "a", "b").WriteSplit("test", 2, "a", "b");
        bool hasSet = header.EndsWith("set", StringComparison.Ordinal);
        var table = new StringBuilder(header + "\n");
        foreach (string set in new[] { "train", "test" })
            for (int i = 0; i < 4; i++)
                table.AppendLine(
                    $"{set}/{"ab"[i / 2]}/{i % 2:000}.png,{(i % 2 == 0 ? "even" : "odd")}{(hasSet ? "," + set : "")}"
                );
        _folder.Write("labels.csv", Encoding.UTF8.GetBytes(table.ToString()));

        var folders = Datasets.Load(Spec());
        var named = Datasets.Load(Spec(Path.Combine(_folder.Path, "labels.csv")));

        Assert.Equal(["a", "b"], folders.ClassNames);
        Assert.Contains("left out: labels.csv.", Assert.Single(folders.Notes), StringComparison.Ordinal);
        Assert.Equal(["even", "odd"], named.ClassNames);
        Assert.Equal((4, 4), (named.Train.Count, named.Test.Count));
        Assert.Empty(named.Notes);
    }

    [Fact]
    public void Load_TablesOfSets_AreJoined()
    {
        foreach (string split in new[] { "train", "test" })
        {
            var table = new StringBuilder("id,breed\n");
            for (int i = 0; i < 4; i++)
            {
                _folder.Write($"{split}/{split}{i}.png", Png(i));
                table.AppendLine($"{split}{i},{(i < 2 ? "pug" : "boxer")}"); // without the ending, as Kaggle has it
            }

            _folder.Write($"{split}.csv", Encoding.UTF8.GetBytes(table.ToString()));
        }

        var dataset = Datasets.Load(Spec());

        Assert.Equal(["boxer", "pug"], dataset.ClassNames);
        Assert.Equal((4, 4), (dataset.Train.Count, dataset.Test.Count));
    }

    [Fact]
    public void Load_Words_NameTheClasses()
    {
        WriteSplit("train", 2, "n01", "n02", "n03").WriteSplit("test", 2, "n01", "n02", "n03");
        _folder.Write(
            "words.txt",
            "n02\tcrane\nn01\tgoldfish, Carassius auratus\nn03\tcrane\nn09\tentity\n"u8.ToArray()
        );

        Assert.Equal(["goldfish", "crane (n02)", "crane (n03)"], Datasets.Load(Spec()).ClassNames);
    }

    [Theory]
    [InlineData("LOC_val_solution.csv", "ImageId,PredictionString\nv_2,n02 1 2 3 4 n02 5 6 7 8\nv_1,n01 1 2 3 4\n")]
    [InlineData("val.txt", "v_1.JPEG 0\nv_2.JPEG 1\n")]
    [InlineData("imagenet_2012_validation_synset_labels.txt", "n01\nn02\n")]
    [InlineData("devkit/data/ILSVRC2012_validation_ground_truth.txt", "490\n361\n")]
    public void Load_ImageNetAsItComes_SortsTheFlatValidationImages(string list, string content)
    {
        foreach (string name in new[] { "n01", "n02" })
            for (int i = 0; i < 2; i++)
                _folder.Write($"Data/train/{name}/{name}_{i}.JPEG", Png(i)); // PNG in JPEG's clothes is ImageNet's own
        _folder.Write("Data/val/v_2.JPEG", Png(7)).Write("Data/val/v_1.JPEG", Png(3));
        _folder
            .Write(list, Encoding.UTF8.GetBytes(content))
            .Write("devkit/data/meta.mat", Meta((361, "n02"), (490, "n01")));

        var dataset = Datasets.Load(Spec());

        Assert.Equal(["n01", "n02"], dataset.ClassNames);
        Assert.Equal([0, 1], dataset.Test.Labels);
        Assert.Equal([30, 70], dataset.Test.Pixels.Chunk(3072).Select(image => (int)image[0]));
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

    /// <summary>A MATLAB 5 file with the structure that the devkit's has: one packed element.</summary>
    private static byte[] Meta(params (int Number, string Synset)[] synsets)
    {
        byte[] fields = [.. Fixed("ILSVRC2012_ID"), .. Fixed("WNID")];
        byte[] matrix = Element(
            14,
            (byte[])
                [
                    .. Element(6, new byte[] { 2, 0, 0, 0, 0, 0, 0, 0 }),
                    .. Element(5, new[] { synsets.Length, 1 }),
                    .. Element(1, "synsets"u8.ToArray()),
                    0x05,
                    0x00,
                    0x04,
                    0x00,
                    32,
                    0,
                    0,
                    0,
                    .. Element(1, fields),
                    .. synsets.SelectMany(synset =>
                        Value(6, Element(4, BitConverter.GetBytes((ushort)synset.Number)))
                            .Concat(Value(4, Element(4, Encoding.Unicode.GetBytes(synset.Synset))))
                    ),
                ]
        );
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            zlib.Write(matrix);
        byte[] header = new byte[128];
        "MATLAB 5.0 MAT-file"u8.CopyTo(header);
        return [.. header, .. Tag(15, (int)packed.Length), .. packed.ToArray()];

        static byte[] Fixed(string name) => [.. Encoding.ASCII.GetBytes(name), .. new byte[32 - name.Length]];
    }

    private static byte[] Value(byte arrayClass, byte[] data) =>
        Element(
            14,
            (byte[])
                [
                    .. Element(6, new byte[] { arrayClass, 0, 0, 0, 0, 0, 0, 0 }),
                    .. Element(5, new[] { 1, 1 }),
                    .. Element(1, Array.Empty<byte>()),
                    .. data,
                ]
        );

    private static byte[] Element(int type, int[] numbers) =>
        Element(type, numbers.SelectMany(BitConverter.GetBytes).ToArray());

    private static byte[] Element(int type, byte[] data) =>
        [.. Tag(type, data.Length), .. data, .. new byte[(8 - data.Length % 8) % 8]];

    private static byte[] Tag(int type, int length)
    {
        byte[] tag = new byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(tag, type);
        BinaryPrimitives.WriteInt32LittleEndian(tag.AsSpan(4), length);
        return tag;
    }

    private DatasetSpec Spec(string? path = null) => new() { Kind = "images", Path = path ?? _folder.Path };
}
