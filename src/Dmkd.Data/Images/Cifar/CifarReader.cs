using Dmkd.Core;

namespace Dmkd.Data.Images.Cifar;

/// <summary>Reads the binary and the Python files of CIFAR-10 and CIFAR-100.</summary>
internal static class CifarReader
{
    private const int Size = 32;

    [Named(DatasetSpec.Cifar10, "CIFAR-10, the binary or the Python version", Order = 3)]
    public static ImageDataset ReadTen(DatasetSpec spec, IProgress<DatasetProgress>? progress, CancellationToken ct) =>
        Read(spec, CifarFormat.Cifar10, progress, ct);

    [Named(DatasetSpec.Cifar100, "CIFAR-100, the binary or the Python version, fine labels", Order = 4)]
    public static ImageDataset ReadHundred(
        DatasetSpec spec,
        IProgress<DatasetProgress>? progress,
        CancellationToken ct
    ) => Read(spec, CifarFormat.Cifar100, progress, ct);

    private static ImageDataset Read(
        DatasetSpec spec,
        CifarFormat format,
        IProgress<DatasetProgress>? progress,
        CancellationToken ct
    )
    {
        spec.RequireImageSize(Size);
        var (train, test) = (SplitRules.Train(spec), SplitRules.Test(spec));
        string path = spec.RequirePath();
        var (folder, found) = Find(path, format, spec.NeedsTraining);
        var names = ReadNames(Path.Combine(folder, found.NamesFile), found);
        var trainSet = spec.NeedsTraining ? ReadSet(found.TrainFiles, train) : new ImageSet([], [], 3, Size, Size);
        var testSet = ReadSet([found.TestFile], test);
        return new ImageDataset($"{format.Kind}:{path}", names, trainSet, testSet)
        {
            Digest = DatasetDigest.Of(trainSet, testSet),
        };

        ImageSet ReadSet(IReadOnlyList<string> files, SplitRules rules)
        {
            string[] paths = [.. files.Select(file => Path.Combine(folder, file))];
            var everything = ReadFiles(paths, found, $"reading {rules.Name} records", progress, ct);
            int[] chosen = rules.Choose(everything.Labels, names, spec.Seed, folder);
            return chosen.Length == everything.Count ? everything : everything.Select(chosen);
        }
    }

    /// <summary>The folder with the files of a version, which may be the published subfolder of the one given.</summary>
    private static (string Folder, CifarFormat Format) Find(string path, CifarFormat format, bool needsTraining)
    {
        foreach (var version in (CifarFormat[])[format, format.Python])
        {
            string subfolder = Path.Combine(path, version.Subfolder);
            string folder = Directory.Exists(subfolder) ? subfolder : path;
            string[] expected = needsTraining ? [.. version.TrainFiles, version.TestFile] : [version.TestFile];
            if (expected.All(file => File.Exists(Path.Combine(folder, file))))
                return (folder, version);
        }

        string[] files = [.. format.TrainFiles, format.TestFile];
        string place = Directory.Exists(Path.Combine(path, format.Subfolder))
            ? Path.Combine(path, format.Subfolder)
            : path;
        string[] missing = [.. files.Where(file => !File.Exists(Path.Combine(place, file)))];
        throw new DatasetException(
            $"{place}: {string.Join(", ", missing)} not found; "
                + $"kind '{format.Kind}' needs a folder with {string.Join(", ", files)}, or with the Python version "
                + $"({string.Join(", ", format.Python.TrainFiles)}, {format.Python.TestFile}). "
                + "Unpack the dataset and give its folder."
        );
    }

    private static IReadOnlyList<string> ReadNames(string file, CifarFormat format)
    {
        if (!File.Exists(file))
            return format.DefaultNames;
        string[] names = format.IsPickled
            ? CifarPickle.Texts(CifarPickle.Read(file), format.NamesKey) ?? [.. format.DefaultNames]
            : [.. File.ReadLines(file).Select(line => line.Trim()).Where(line => line.Length > 0)];
        return names.Length == format.ClassCount
            ? names
            : throw new DatasetException(
                $"{file} must hold {format.ClassCount} class names; it holds {names.Length}. Repair or remove it."
            );
    }

    private static ImageSet ReadFiles(
        string[] files,
        CifarFormat format,
        string stage,
        IProgress<DatasetProgress>? progress,
        CancellationToken ct
    )
    {
        if (format.IsPickled)
            return ReadPickles(files, format, stage, progress, ct);
        long total = files.Sum(file => RecordCount(file, format));
        byte[] pixels = PixelBuffer.Allocate(total, CifarFormat.Size, files[0]);
        int[] labels = new int[total];
        int done = 0;
        foreach (string file in files)
        {
            ct.ThrowIfCancellationRequested();
            progress?.Report(new DatasetProgress(stage, done, total));
            done += Unpack(file, format, labels.AsSpan(done), pixels.AsSpan(done * CifarFormat.ImageBytes));
        }
        progress?.Report(new DatasetProgress(stage, total, total));
        return new ImageSet(pixels, labels, 3, CifarFormat.Size, CifarFormat.Size);
    }

    private static ImageSet ReadPickles(
        string[] files,
        CifarFormat format,
        string stage,
        IProgress<DatasetProgress>? progress,
        CancellationToken ct
    )
    {
        var pixels = new List<byte[]>();
        var labels = new List<int>();
        foreach (var (done, file) in files.Index())
        {
            ct.ThrowIfCancellationRequested();
            progress?.Report(new DatasetProgress(stage, done, files.Length));
            var batch = CifarPickle.Read(file);
            byte[] images = CifarPickle.Images(batch, file);
            int[] own = CifarPickle.Numbers(batch, format.LabelsKey, file);
            if (own.Length * CifarFormat.ImageBytes != images.Length)
                throw new DatasetException(
                    $"{file} has {images.Length / CifarFormat.ImageBytes} images and {own.Length} labels. Download it again."
                );
            RequireLabels(file, own, format);
            pixels.Add(images);
            labels.AddRange(own);
        }

        progress?.Report(new DatasetProgress(stage, files.Length, files.Length));
        return new ImageSet([.. pixels.SelectMany(part => part)], [.. labels], 3, CifarFormat.Size, CifarFormat.Size);
    }

    private static void RequireLabels(string file, ReadOnlySpan<int> labels, CifarFormat format)
    {
        for (int i = 0; i < labels.Length; i++)
            if (labels[i] < 0 || labels[i] >= format.ClassCount)
                throw new DatasetException(
                    $"{file}: the label of record {i} must be in [0, {format.ClassCount - 1}]; it is {labels[i]}. "
                        + $"Is it a {format.Kind} file?"
                );
    }

    private static long RecordCount(string file, CifarFormat format)
    {
        long bytes = new FileInfo(file).Length;
        return bytes > 0 && bytes % format.RecordBytes == 0
            ? bytes / format.RecordBytes
            : throw new DatasetException(
                $"{file} is truncated: its size must be a positive multiple of {format.RecordBytes} bytes; it is {bytes}. "
                    + "Download it again."
            );
    }

    private static int Unpack(string file, CifarFormat format, Span<int> labels, Span<byte> pixels)
    {
        byte[] bytes = File.ReadAllBytes(file);
        int count = bytes.Length / format.RecordBytes;
        for (int i = 0; i < count; i++)
        {
            var record = bytes.AsSpan(i * format.RecordBytes, format.RecordBytes);
            labels[i] = record[format.LabelBytes - 1];
            record[format.LabelBytes..].CopyTo(pixels[(i * CifarFormat.ImageBytes)..]);
        }
        RequireLabels(file, labels[..count], format);
        return count;
    }
}

/// <summary>
/// How a version of one of the two CIFAR datasets lies on disk (www.cs.toronto.edu/~kriz/cifar.html).
/// </summary>
/// <param name="Kind">The kind as in <see cref="DatasetSpec.Kind"/>.</param>
/// <param name="Subfolder">Folder that the published archive unpacks into.</param>
/// <param name="TrainFiles">Names of the files with training records, in order.</param>
/// <param name="TestFile">Name of the file with test records.</param>
/// <param name="NamesFile">Name of the optional file with one class name a line.</param>
/// <param name="LabelBytes">Label bytes before the pixels; the last of them is the class.</param>
/// <param name="DefaultNames">Class names when the names file is absent.</param>
internal sealed record CifarFormat(
    string Kind,
    string Subfolder,
    IReadOnlyList<string> TrainFiles,
    string TestFile,
    string NamesFile,
    int LabelBytes,
    IReadOnlyList<string> DefaultNames
)
{
    /// <summary>Height and width of the images, in pixels.</summary>
    public const int Size = 32;

    /// <summary>Bytes of one image, shape [3, 32, 32].</summary>
    public const int ImageBytes = 3 * Size * Size;

    public static CifarFormat Cifar10 { get; } =
        new(
            DatasetSpec.Cifar10,
            "cifar-10-batches-bin",
            ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"],
            "test_batch.bin",
            "batches.meta.txt",
            LabelBytes: 1,
            ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
        );

    public static CifarFormat Cifar100 { get; } =
        new(
            DatasetSpec.Cifar100,
            "cifar-100-binary",
            ["train.bin"],
            "test.bin",
            "fine_label_names.txt",
            LabelBytes: 2,
            [.. Enumerable.Range(0, 100).Select(label => $"class {label:00}")]
        );

    /// <summary>Whether the files are pickles of Python.</summary>
    public bool IsPickled { get; private init; }

    /// <summary>Where a pickle has the labels.</summary>
    public string LabelsKey => Kind == DatasetSpec.Cifar10 ? "labels" : "fine_labels";

    /// <summary>Where the pickle of names has them.</summary>
    public string NamesKey => Kind == DatasetSpec.Cifar10 ? "label_names" : "fine_label_names";

    /// <summary>The Python version of the same dataset.</summary>
    public CifarFormat Python =>
        Kind == DatasetSpec.Cifar10
            ? this with
            {
                IsPickled = true,
                Subfolder = "cifar-10-batches-py",
                TrainFiles = ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"],
                TestFile = "test_batch",
                NamesFile = "batches.meta",
            }
            : this with
            {
                IsPickled = true,
                Subfolder = "cifar-100-python",
                TrainFiles = ["train"],
                TestFile = "test",
                NamesFile = "meta",
            };

    /// <summary>Bytes of one record: labels, then pixels.</summary>
    public int RecordBytes => LabelBytes + ImageBytes;

    public int ClassCount => DefaultNames.Count;
}
