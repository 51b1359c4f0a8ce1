using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Dmkd.Data.Images;

namespace Dmkd.Data.Tests.Images;

/// <summary>Tables and lists that tell the classes of images beside them.</summary>
public sealed class ImageTableTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

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

    private static byte[] Png(int value) => TestImages.Png(32, 32, (byte)(value * 10), 0, 0);

    private ImageTableTests WriteSplit(string split, int perClass, params string[] classes)
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
