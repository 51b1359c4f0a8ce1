namespace Dmkd.Data.Cifar;

/// <summary>How one of the two CIFAR datasets lies on disk (binary version, www.cs.toronto.edu/~kriz/cifar.html).</summary>
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
    IReadOnlyList<string> DefaultNames)
{
    /// <summary>Height and width of the images, in pixels.</summary>
    public const int Size = 32;

    /// <summary>Bytes of one image, shape [3, 32, 32].</summary>
    public const int ImageBytes = 3 * Size * Size;

    public static CifarFormat Cifar10 { get; } = new(
        DatasetSpec.Cifar10,
        "cifar-10-batches-bin",
        ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"],
        "test_batch.bin",
        "batches.meta.txt",
        LabelBytes: 1,
        ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]);

    public static CifarFormat Cifar100 { get; } = new(
        DatasetSpec.Cifar100,
        "cifar-100-binary",
        ["train.bin"],
        "test.bin",
        "fine_label_names.txt",
        LabelBytes: 2,
        [.. Enumerable.Range(0, 100).Select(label => $"class {label:00}")]);

    /// <summary>Bytes of one record: labels, then pixels.</summary>
    public int RecordBytes => LabelBytes + ImageBytes;

    public int ClassCount => DefaultNames.Count;
}
