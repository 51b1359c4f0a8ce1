using System.Collections.Concurrent;
using Dmkd.Core;

namespace Dmkd.Data.Images.Folders;

/// <summary>Reads a folder or zip file of class folders: one thread reads at a time, all cores decode.</summary>
internal static class ImageFolderReader
{
    private const int ReportEvery = 1000;

    [Named(DatasetSpec.Images, "a folder or zip file with train/<class>/* and test/<class>/*", Order = 2)]
    public static ImageDataset Read(DatasetSpec spec, IProgress<DatasetProgress>? progress, CancellationToken ct)
    {
        var (train, test) = (SplitRules.Train(spec), SplitRules.Test(spec));
        return Read(spec.RequirePath(), spec, train, test, progress, ct);
    }

    /// <summary>Reads both sets.</summary>
    /// <param name="path">An existing folder or zip file.</param>
    /// <param name="spec">Seed and image size.</param>
    /// <param name="train">What to take from the training images.</param>
    /// <param name="test">What to take from the test images.</param>
    /// <param name="progress">Told about every thousandth image; null for silence.</param>
    /// <param name="ct">Stops the load between two images.</param>
    /// <exception cref="DatasetException">The layout or an image cannot be used.</exception>
    public static ImageDataset Read(
        string path,
        DatasetSpec spec,
        SplitRules train,
        SplitRules test,
        IProgress<DatasetProgress>? progress,
        CancellationToken ct
    )
    {
        using IImageSource files = Directory.Exists(path) ? new FolderSource(path) : new ZipSource(path);
        var source = AnnotatedSource.Of(files);
        var tree = ImageTree.Parse(source);
        // Both choices first: a class with too few test images is known before an hour of decoding.
        var (trainFiles, testFiles) = (Choose(tree.Train, train), Choose(tree.Test, test));
        return new ImageDataset(
            $"{DatasetSpec.Images}:{path}",
            tree.ClassNames,
            Decode(trainFiles, train.Name),
            Decode(testFiles, test.Name)
        );

        ImageFile[] Choose(IReadOnlyList<ImageFile> files, SplitRules rules) =>
            [
                .. rules
                    .Choose([.. files.Select(file => file.Label)], tree.ClassNames, spec.Seed, path)
                    .Select(index => files[index]),
            ];

        ImageSet Decode(ImageFile[] files, string split) =>
            DecodeAll(source, files, spec.ImageSize, $"decoding {split} images", progress, ct);
    }

    private static ImageSet DecodeAll(
        IImageSource source,
        ImageFile[] files,
        int size,
        string stage,
        IProgress<DatasetProgress>? progress,
        CancellationToken ct
    )
    {
        byte[] pixels = PixelBuffer.Allocate(files.Length, size, source.Name);
        int imageBytes = 3 * size * size;
        int done = 0;
        progress?.Report(new DatasetProgress(stage, 0, files.Length));

        // Without buffering the partitioner takes one item at a time under its lock, so the source is never read
        // concurrently.
        var encoded = Partitioner.Create(
            files.Select((file, index) => (Index: index, Bytes: source.Read(file.Entry))),
            EnumerablePartitionerOptions.NoBuffering
        );
        var options = new ParallelOptions
        {
            CancellationToken = ct,
            MaxDegreeOfParallelism = Environment.ProcessorCount,
        };
        try
        {
            Parallel.ForEach(
                encoded,
                options,
                item =>
                {
                    string name = source.Describe(files[item.Index].Entry);
                    ImageDecoder.Decode(item.Bytes, name, size, pixels.AsSpan(item.Index * imageBytes, imageBytes));
                    int count = Interlocked.Increment(ref done);
                    if (count % ReportEvery == 0 || count == files.Length)
                        progress?.Report(new DatasetProgress(stage, count, files.Length));
                }
            );
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<DatasetException>().FirstOrDefault() is { } first)
        {
            throw new DatasetException(first.Message, e);
        }
        return new ImageSet(pixels, [.. files.Select(file => file.Label)], 3, size, size);
    }
}

/// <summary>Bounds that keep a hostile or damaged file from taking all memory.</summary>
internal static class ImageLimits
{
    /// <summary>Largest encoded image, in bytes: 64 MiB.</summary>
    public const int EncodedBytes = 64 << 20;

    /// <summary>Largest height or width, in pixels.</summary>
    public const int SidePixels = 16_384;

    /// <summary>Largest product of height and width, in pixels: decoding takes four bytes each.</summary>
    public const long AreaPixels = 64L << 20;
}

/// <summary>An image in a source, before it is read.</summary>
/// <param name="Entry">Position in <see cref="IImageSource.Entries"/>.</param>
/// <param name="Label">Its class.</param>
internal readonly record struct ImageFile(int Entry, int Label);

/// <summary>A tree of files: a folder or a zip file. Not safe for concurrent use.</summary>
internal interface IImageSource : IDisposable
{
    /// <summary>Where the tree is, for messages.</summary>
    string Name { get; }

    /// <summary>
    /// Paths of files and folders, '/' between the parts; a folder ends with '/'. In no particular order.
    /// </summary>
    IReadOnlyList<string> Entries { get; }

    /// <summary>Names one file, for messages.</summary>
    /// <param name="entry">Position in <see cref="Entries"/>.</param>
    string Describe(int entry);

    /// <summary>Reads one file.</summary>
    /// <param name="entry">Position in <see cref="Entries"/>.</param>
    /// <returns>The whole file, owned by the caller.</returns>
    /// <exception cref="DatasetException">The file cannot be read or is too large.</exception>
    byte[] Read(int entry);
}
