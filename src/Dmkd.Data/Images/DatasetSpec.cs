using Dmkd.Core;

namespace Dmkd.Data.Images;

/// <summary>
/// Reads a kind of data set; a static method of this assembly that fits, with a <see cref="NamedAttribute"/>, is one.
/// </summary>
/// <param name="spec">What to load; its image size is in range.</param>
/// <param name="progress">Told about every thousandth image or so, on any thread; null for silence.</param>
/// <param name="ct">Stops the load between two images.</param>
/// <returns>The dataset, owned by the caller.</returns>
/// <exception cref="DatasetException">The specification or the data cannot be used.</exception>
public delegate ImageDataset DatasetReader(
    DatasetSpec spec,
    IProgress<DatasetProgress>? progress,
    CancellationToken ct
);

/// <summary>Which dataset to load, and how much of it; equal specifications load equal bytes.</summary>
public sealed record DatasetSpec
{
    /// <summary>Ten classes of drawn objects; needs no files.</summary>
    internal const string Synthetic = "synthetic";

    /// <summary>A folder or zip file with <c>train/&lt;class&gt;/*</c> and <c>test/&lt;class&gt;/*</c>.</summary>
    internal const string Images = "images";

    /// <summary>The binary version of CIFAR-10.</summary>
    internal const string Cifar10 = "cifar10";

    /// <summary>The binary version of CIFAR-100, fine labels.</summary>
    internal const string Cifar100 = "cifar100";

    /// <summary>MNIST's own file format, IDX.</summary>
    internal const string Idx = "idx";

    /// <summary>Gets the readers of the kinds.</summary>
    public static Registry<DatasetReader> Readers { get; } = new("data set");

    /// <summary>Gets the values that <see cref="Kind"/> may have.</summary>
    public static IReadOnlyList<string> Kinds => Readers.Names;

    /// <summary>Gets the kind of the dataset, one of <see cref="Kinds"/>. Default: synthetic.</summary>
    public string Kind { get; init; } = Synthetic;

    /// <summary>Gets the folder or file to read; not used by the synthetic kind. Default: none.</summary>
    public string? Path { get; init; }

    /// <summary>
    /// Gets the training images to take from each class, at least 2; a class that has fewer gives all it has. Default:
    /// 400 for the synthetic kind, everything for the others.
    /// </summary>
    public int? TrainPerClass { get; init; }

    /// <summary>
    /// Gets the test images to take from each class, at least 1; a class that has fewer gives all it has. Default: 100
    /// for the synthetic kind, everything for the others.
    /// </summary>
    public int? TestPerClass { get; init; }

    /// <summary>Gets the seed of the subsets and of the synthetic images. Default: 0.</summary>
    public int Seed { get; init; }

    /// <summary>
    /// Gets the height and width of the images, in pixels, in [8, 512]; the synthetic and CIFAR kinds have only 32.
    /// Default: 32.
    /// </summary>
    public int ImageSize { get; init; } = 32;

    /// <summary>
    /// Gets the share of each class that is kept for testing, in (0, 1), where the data has no test images of its own.
    /// Default: none, and such data is refused.
    /// </summary>
    public double? Holdout { get; init; }

    /// <summary>
    /// Gets the order of the classes: null for the reader's own, <c>natural</c> for numbers by value, else a file with
    /// one class a line. Default: null.
    /// </summary>
    public string? ClassOrder { get; init; }

    /// <summary>Gets the seed that shuffles the classes; null for no shuffling. Default: null.</summary>
    public int? ClassOrderSeed { get; init; }

    /// <summary>Gets whether training images are wanted; without, they need not be there. Default: yes.</summary>
    public bool NeedsTraining { get; init; } = true;

    /// <summary>
    /// Gets whether images that are not taken must have content, too: an empty file is refused. Default: no.
    /// </summary>
    public bool ChecksEveryFile { get; init; }

    /// <summary>
    /// Decoded bytes up to which images are kept in memory; those of a larger data set are decoded when they are asked
    /// for. Default: 512 MiB.
    /// </summary>
    internal long MaxResidentBytes { get; init; } = 512 << 20;

    /// <summary>The place of the files, for a kind that has some.</summary>
    /// <exception cref="DatasetException">None is given, or nothing is there.</exception>
    internal string RequirePath()
    {
        if (string.IsNullOrWhiteSpace(Path))
            throw new DatasetException(
                $"Kind '{Kind}' needs a path; set {nameof(Path)} (--data-path) to the dataset's folder or file."
            );
        if (!Directory.Exists(Path) && !File.Exists(Path))
            throw new DatasetException($"{Path} does not exist; set {nameof(Path)} to the dataset's folder or file.");
        return Path;
    }

    /// <summary>Refuses another image size than the only one of a kind that is not decoded from image files.</summary>
    /// <param name="size">Height and width, in pixels.</param>
    /// <exception cref="DatasetException">Names both.</exception>
    internal void RequireImageSize(int size)
    {
        if (ImageSize == size)
            return;
        throw new DatasetException(
            $"{nameof(ImageSize)} must be {size} for kind '{Kind}'; it is {ImageSize}. Leave it out, or "
                + $"use kind 'images', which resizes."
        );
    }
}

/// <summary>How far a load has come.</summary>
/// <param name="Stage">What is being done, in words.</param>
/// <param name="Done">Images done in this stage.</param>
/// <param name="Total">Images of this stage.</param>
public readonly record struct DatasetProgress(string Stage, long Done, long Total);

/// <summary>
/// The data cannot be used. The message is one line that names the file, entry or setting, the limit and the actual
/// value, and says what to do.
/// </summary>
public sealed class DatasetException : Exception
{
    public DatasetException() { }

    public DatasetException(string message)
        : base(message) { }

    public DatasetException(string message, Exception innerException)
        : base(message, innerException) { }
}
