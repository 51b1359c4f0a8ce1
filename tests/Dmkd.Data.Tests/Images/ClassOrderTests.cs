using System.IO.Compression;
using Dmkd.Data.Images;

namespace Dmkd.Data.Tests.Images;

/// <summary>Which class is which output, and data sets of other formats than folders of images.</summary>
public sealed class ClassOrderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_NaturalOrder_SortsNumbersByValue()
    {
        WriteNumbers();

        Assert.Equal(["0", "1", "10", "11", "2"], Datasets.Load(Spec()).ClassNames);
        var natural = Datasets.Load(Spec() with { ClassOrder = "natural" });

        Assert.Equal(["0", "1", "2", "10", "11"], natural.ClassNames);
        Assert.Equal([0, 0, 1, 1, 3, 3, 4, 4, 2, 2], natural.Train.Labels); // the images stay where they were
    }

    [Theory]
    [InlineData("11\n2\n10\n1\n0\n")]
    [InlineData("{\"0\": 4, \"1\": 3, \"10\": 2, \"11\": 0, \"2\": 1}")]
    public void Load_OrderFromAFile_IsThatOrder(string content)
    {
        WriteNumbers();
        string file = Path.Combine(_folder.Path, "classes.txt");
        File.WriteAllText(file, content);

        var dataset = Datasets.Load(Spec() with { ClassOrder = file });

        Assert.Equal(["11", "2", "10", "1", "0"], dataset.ClassNames);
        Assert.Equal([4, 4, 3, 3, 2, 2, 0, 0, 1, 1], dataset.Test.Labels);
    }

    [Theory]
    [InlineData("0\n1\n2\n10\n", "names 4 of 5 classes; '11' is missing")]
    [InlineData("0\n1\n2\n10\n11\n12\n", "names class '12'")]
    [InlineData("0\n1\n2\n10\n11\n11\n", "names class '11' 2 times")]
    [InlineData("{\"0\": \"a\"}", "one class a line, or a JSON object")]
    public void Load_OrderOfOtherClasses_NamesTheDifference(string content, string problem)
    {
        WriteNumbers();
        string file = Path.Combine(_folder.Path, "classes.txt");
        File.WriteAllText(file, content);

        DatasetErrors.Expect(Spec() with { ClassOrder = file }, "classes.txt", problem);
    }

    [Fact]
    public void Load_OrderSeed_ShufflesTheSameWay()
    {
        WriteNumbers();
        var spec = Spec() with { ClassOrderSeed = 7 };

        var shuffled = Datasets.Load(spec);

        Assert.Equal(shuffled.ClassNames, Datasets.Load(spec).ClassNames);
        Assert.NotEqual(Datasets.Load(Spec()).ClassNames, shuffled.ClassNames);
        Assert.Equal(["0", "1", "10", "11", "2"], shuffled.ClassNames.Order(StringComparer.Ordinal));
        string first = shuffled.ClassNames[shuffled.Train.Labels[0]];
        Assert.Equal("0", first); // the first image is of class 0, wherever that class is now
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Load_Mnist_ReadsIdx(bool packed)
    {
        WriteIdx("train", 6, packed);
        WriteIdx("t10k", 4, packed);

        var dataset = Datasets.Load(new DatasetSpec { Kind = "idx", Path = _folder.Path });

        Assert.Equal(["0", "1"], dataset.ClassNames);
        Assert.Equal([0, 1, 0, 1, 0, 1], dataset.Train.Labels);
        Assert.Equal(4, dataset.Test.Count);
        Assert.All(dataset.Train.Image(5).ToArray(), value => Assert.Equal(50, value)); // plain grey, in all channels
    }

    [Fact]
    public void Load_MnistCutOff_NamesTheFile()
    {
        WriteIdx("train", 6, packed: false);
        WriteIdx("t10k", 4, packed: false);
        string file = Path.Combine(_folder.Path, "t10k-images-idx3-ubyte");
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^1]);

        DatasetErrors.Expect(
            new DatasetSpec { Kind = "idx", Path = _folder.Path },
            "t10k-images-idx3-ubyte is truncated",
            "3152",
            "3151"
        );
    }

    [Theory]
    [InlineData("train/a/0.png", "images")]
    [InlineData("deep/er/train/a/0.png", "images")]
    [InlineData("test_batch.bin", "cifar10")]
    [InlineData("cifar-10-batches-py/test_batch", "cifar10")]
    [InlineData("cifar-100-binary/test.bin", "cifar100")]
    [InlineData("t10k-images-idx3-ubyte.gz", "idx")]
    public void Kind_OfAFolder_IsToldByItsFiles(string file, string kind)
    {
        _folder.Write(file, [1]);

        Assert.Equal(kind, DatasetKind.Of(null, _folder.Path));
        Assert.Equal("images", DatasetKind.Of("images", _folder.Path)); // a kind that is named counts
    }

    [Fact]
    public void Kind_OfFilesThatTellNothing_IsRefused()
    {
        _folder.Write("data.h5", [1]);

        DatasetErrors.Expect(() => DatasetKind.Of(null, _folder.Path), "has no images");
        DatasetErrors.Expect(() => DatasetKind.Of(null, Path.Combine(_folder.Path, "data.h5")), "data.h5", "--data");
        DatasetErrors.Expect(() => DatasetKind.Of(null, "/no/such"), "/no/such does not exist");
        DatasetErrors.Expect(() => DatasetKind.Of("synthetic", _folder.Path), "'synthetic' is drawn", _folder.Path);
        Assert.Null(DatasetKind.Of(null, null));
    }

    private void WriteNumbers() => _folder.WriteClasses(2, "test", "0", "1", "2", "10", "11");

    private void WriteIdx(string set, int count, bool packed)
    {
        byte[] images = [0, 0, 8, 3, 0, 0, 0, (byte)count, 0, 0, 0, 28, 0, 0, 0, 28, .. Greys(count)];
        byte[] labels = [0, 0, 8, 1, 0, 0, 0, (byte)count, .. Enumerable.Range(0, count).Select(i => (byte)(i % 2))];
        string end = packed ? ".gz" : "";
        _folder.Write($"{set}-images-idx3-ubyte{end}", packed ? Packed(images) : images);
        _folder.Write($"{set}-labels-idx1-ubyte{end}", packed ? Packed(labels) : labels);
    }

    private static IEnumerable<byte> Greys(int count) =>
        Enumerable.Range(0, count).SelectMany(i => Enumerable.Repeat((byte)(i * 10), 28 * 28));

    private static byte[] Packed(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(content);
        return packed.ToArray();
    }

    private DatasetSpec Spec() => new() { Kind = "images", Path = _folder.Path };
}
