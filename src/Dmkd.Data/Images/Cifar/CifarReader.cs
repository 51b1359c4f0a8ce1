using Dmkd.Core;

namespace Dmkd.Data.Images.Cifar;

/// <summary>Reads the binary files of CIFAR-10 and CIFAR-100.</summary>
internal static class CifarReader
{
    private const int Size = 32;

    [Named(DatasetSpec.Cifar10, "the binary version of CIFAR-10", Order = 3)]
    public static ImageDataset ReadTen(DatasetSpec spec, IProgress<DatasetProgress>? progress, CancellationToken ct) =>
        Read(spec, CifarFormat.Cifar10, progress, ct);

    [Named(DatasetSpec.Cifar100, "the binary version of CIFAR-100, fine labels", Order = 4)]
    public static ImageDataset ReadHundred(
        DatasetSpec spec,
        IProgress<DatasetProgress>? progress,
        CancellationToken ct
    ) => Read(spec, CifarFormat.Cifar100, progress, ct);

    /// <summary>Reads both sets.</summary>
    /// <param name="path">Folder with the files, or the folder that holds the published subfolder.</param>
    /// <param name="format">Which of the two datasets.</param>
    /// <param name="seed">Seed of the subsets.</param>
    /// <param name="train">What to take from the training files.</param>
    /// <param name="test">What to take from the test file.</param>
    /// <param name="progress">Told about each file; null for silence.</param>
    /// <param name="ct">Stops the load between two files.</param>
    /// <exception cref="DatasetException">A file is missing, truncated or holds a label out of range.</exception>
    public static ImageDataset Read(
        string path,
        CifarFormat format,
        int seed,
        SplitRules train,
        SplitRules test,
        IProgress<DatasetProgress>? progress,
        CancellationToken ct
    )
    {
        string folder = FindFolder(path, format);
        var names = ReadNames(Path.Combine(folder, format.NamesFile), format);
        return new ImageDataset(
            $"{format.Kind}:{path}",
            names,
            ReadSet([.. format.TrainFiles.Select(file => Path.Combine(folder, file))], train),
            ReadSet([Path.Combine(folder, format.TestFile)], test)
        );

        ImageSet ReadSet(string[] files, SplitRules rules)
        {
            var everything = ReadFiles(files, format, $"reading {rules.Name} records", progress, ct);
            int[] chosen = rules.Choose(everything.Labels, names, seed, folder);
            return chosen.Length == everything.Count ? everything : everything.Select(chosen);
        }
    }

    private static ImageDataset Read(
        DatasetSpec spec,
        CifarFormat format,
        IProgress<DatasetProgress>? progress,
        CancellationToken ct
    )
    {
        spec.RequireImageSize(Size);
        var (train, test) = (SplitRules.Train(spec), SplitRules.Test(spec));
        return Read(spec.RequirePath(), format, spec.Seed, train, test, progress, ct);
    }

    private static string FindFolder(string path, CifarFormat format)
    {
        string subfolder = Path.Combine(path, format.Subfolder);
        string folder = Directory.Exists(subfolder) ? subfolder : path;
        string[] expected = [.. format.TrainFiles, format.TestFile];
        string[] missing = [.. expected.Where(file => !File.Exists(Path.Combine(folder, file)))];
        return missing.Length == 0
            ? folder
            : throw new DatasetException(
                $"{folder}: {string.Join(", ", missing)} not found; "
                    + $"kind '{format.Kind}' needs a folder with {string.Join(", ", expected)}. "
                    + "Unpack the binary version of the dataset and give its folder."
            );
    }

    private static IReadOnlyList<string> ReadNames(string file, CifarFormat format)
    {
        if (!File.Exists(file))
            return format.DefaultNames;
        string[] names = [.. File.ReadLines(file).Select(line => line.Trim()).Where(line => line.Length > 0)];
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
            if (labels[i] >= format.ClassCount)
                throw new DatasetException(
                    $"{file}: the label of record {i} must be in [0, {format.ClassCount - 1}]; it is {labels[i]}. "
                        + $"Is it a {format.Kind} file?"
                );
            record[format.LabelBytes..].CopyTo(pixels[(i * CifarFormat.ImageBytes)..]);
        }
        return count;
    }
}

/// <summary>
/// How one of the two CIFAR datasets lies on disk (binary version, www.cs.toronto.edu/~kriz/cifar.html).
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

    /// <summary>Bytes of one record: labels, then pixels.</summary>
    public int RecordBytes => LabelBytes + ImageBytes;

    public int ClassCount => DefaultNames.Count;
}
