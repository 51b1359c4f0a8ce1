using Dmkd.Data.Images;

namespace Dmkd.Data.Tests.Cifar;

public sealed class CifarReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_PythonVersion_EqualsTheBinaryOne()
    {
        for (int batch = 1; batch <= 5; batch++)
            _folder.Write($"cifar-10-batches-py/data_batch_{batch}", CifarFiles.Pickle(20, 10));
        _folder.Write("cifar-10-batches-py/test_batch", CifarFiles.Pickle(10, 10));
        string[] names = [.. Enumerable.Range(0, 10).Select(i => $"name{i}")];
        _folder.Write("cifar-10-batches-py/batches.meta", CifarFiles.PickledNames("label_names", names));

        var dataset = Datasets.Load(new DatasetSpec { Kind = "cifar10", Path = _folder.Path });

        Assert.Equal(names, dataset.ClassNames);
        Assert.Equal((100, 10), (dataset.Train.Count, dataset.Test.Count));
        Assert.Equal(3, dataset.Train.Labels[23]);
        Assert.Equal(CifarFiles.Pixels(record: 3), dataset.Train.Image(23).ToArray());
    }

    [Fact]
    public void Load_PythonVersionOfAHundred_ReadsFineLabels()
    {
        _folder.Write("train", CifarFiles.Pickle(200, 100, "fine_labels"));
        _folder.Write("test", CifarFiles.Pickle(100, 100, "fine_labels"));

        var dataset = Datasets.Load(new DatasetSpec { Kind = "cifar100", Path = _folder.Path });

        Assert.Equal((100, 200, 100), (dataset.ClassNames.Count, dataset.Train.Count, dataset.Test.Count));
    }

    [Fact]
    public void Load_OtherPickle_IsRefusedUnrun()
    {
        _folder.Write("train", "cos\nsystem\n(U\u0004truetR."u8.ToArray());
        _folder.Write("test", CifarFiles.Pickle(100, 100, "fine_labels"));

        DatasetErrors.Expect(new DatasetSpec { Kind = "cifar100", Path = _folder.Path }, "train", "os.system");
    }

    [Fact]
    public void Load_Cifar10_ReadsEveryBatch()
    {
        var dataset = Datasets.Load(WriteCifar10());

        Assert.Equal(100, dataset.Train.Count);
        Assert.Equal(20, dataset.Test.Count);
        Assert.Equal("automobile", dataset.ClassNames[1]);
        Assert.Equal(13 % 10, dataset.Train.Labels[13]);
        Assert.Equal(CifarFiles.Pixels(record: 13), dataset.Train.Image(13).ToArray());
    }

    [Fact]
    public void Load_Cifar10Subfolder_IsFound() =>
        Assert.Equal(100, Datasets.Load(WriteCifar10("cifar-10-batches-bin/")).Train.Count);

    [Fact]
    public void Load_NamesFile_GivesTheNames()
    {
        var spec = WriteCifar10();
        _folder.Write("batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n"u8.ToArray());

        Assert.Equal("j", Datasets.Load(spec).ClassNames[9]);
    }

    [Fact]
    public void Load_NamesFileTooShort_NamesTheNumbers()
    {
        var spec = WriteCifar10();
        _folder.Write("batches.meta.txt", "a\nb\n"u8.ToArray());

        DatasetErrors.Expect(spec, "batches.meta.txt", "10 class names", "holds 2");
    }

    [Fact]
    public void Load_Cifar100_UsesTheFineLabel()
    {
        _folder.Write("cifar-100-binary/train.bin", CifarFiles.Records(300, 100, coarseLabel: true));
        _folder.Write("cifar-100-binary/test.bin", CifarFiles.Records(100, 100, coarseLabel: true));

        var dataset = Datasets.Load(
            new DatasetSpec
            {
                Kind = "cifar100",
                Path = _folder.Path,
                TrainPerClass = 2,
            }
        );

        Assert.Equal(200, dataset.Train.Count);
        Assert.Equal(99, dataset.Test.Labels[99]);
        Assert.Equal(CifarFiles.Pixels(record: 99), dataset.Test.Image(99).ToArray());
    }

    [Fact]
    public void Load_TrainPerClass_TakesThatManyOfEachClass()
    {
        var dataset = Datasets.Load(WriteCifar10() with { TrainPerClass = 3, TestPerClass = 50 });

        Assert.All(dataset.Train.Labels.CountBy(label => label), count => Assert.Equal(3, count.Value));
        Assert.Equal(20, dataset.Test.Count);
    }

    [Fact]
    public void Load_MissingBatch_NamesItAndTheExpectedFiles()
    {
        var spec = WriteCifar10();
        File.Delete(Path.Combine(_folder.Path, "data_batch_3.bin"));

        DatasetErrors.Expect(
            spec,
            _folder.Path,
            "data_batch_3.bin not found",
            "data_batch_1.bin, data_batch_2.bin",
            "test_batch.bin"
        );
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3072)]
    [InlineData(3074)]
    public void Load_TruncatedBatch_NamesTheSizes(int bytes)
    {
        var spec = WriteCifar10();
        _folder.Write("data_batch_2.bin", new byte[bytes]);

        DatasetErrors.Expect(spec, "data_batch_2.bin is truncated", "multiple of 3073", $"it is {bytes}");
    }

    [Fact]
    public void Load_LabelOutOfRange_NamesTheRecord()
    {
        var spec = WriteCifar10();
        byte[] records = CifarFiles.Records(20, 10);
        records[4 * 3073] = 10;
        _folder.Write("test_batch.bin", records);

        DatasetErrors.Expect(spec, "test_batch.bin", "record 4", "[0, 9]", "it is 10");
    }

    [Fact]
    public void Load_ClassWithoutImages_NamesTheClass()
    {
        var spec = WriteCifar10();
        _folder.Write("test_batch.bin", CifarFiles.Records(9, 10));

        DatasetErrors.Expect(spec, "class 'truck' has 0 test image(s)", "at least 1");
    }

    private DatasetSpec WriteCifar10(string subfolder = "")
    {
        for (int batch = 1; batch <= 5; batch++)
            _folder.Write($"{subfolder}data_batch_{batch}.bin", CifarFiles.Records(20, 10));
        _folder.Write($"{subfolder}test_batch.bin", CifarFiles.Records(20, 10));
        return new DatasetSpec { Kind = "cifar10", Path = _folder.Path };
    }
}
