using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Dmkd.Core;

namespace Dmkd.Data.Images.Folders;

/// <summary>Reads a folder, zip file or table of images: one thread reads at a time, all cores decode.</summary>
internal static class ImageFolderReader
{
    private const int ReportEvery = 1000;
    private const int MaxDamaged = 20; // as many as a person mends at once
    private static readonly string[] Tables = [".csv", ".tsv"];

    [Named(
        DatasetSpec.Images,
        "a folder or zip file with train/<class>/* and test/<class>/*, or a CSV table of files and classes",
        Order = 2
    )]
    public static ImageDataset Read(DatasetSpec spec, IProgress<DatasetProgress>? progress, CancellationToken ct)
    {
        var (trainRules, testRules) = (SplitRules.Train(spec), SplitRules.Test(spec));
        string path = spec.RequirePath();
        var files = Open(path, out string? table);
        var source = LabelledSource.Of(files, table);
        var tree = ImageTree.Parse(source, spec);
        // Both choices first: a class with too few test images is known before an hour of decoding.
        ImageFile[] train = spec.NeedsTraining ? Choose(tree.Train, trainRules) : [];
        ImageFile[] test = Choose(tree.Test, testRules);
        if (spec.ChecksEveryFile)
            RequireContent(source, [.. tree.Train, .. tree.Test]);
        var decoding = new Decoding(source, spec.ImageSize, progress, ct);
        bool isResident = (train.Length + test.Length) * decoding.ImageBytes <= spec.MaxResidentBytes;
        using var digest = new DatasetDigest();
        var dataset = new ImageDataset(
            $"{DatasetSpec.Images}:{path}",
            tree.ClassNames,
            Set(train, trainRules),
            Set(test, testRules)
        )
        {
            ClassKeys = tree.ClassFolders,
            Digest = digest.End(),
            Notes = [.. tree.Notes, .. NotesOf(source)],
        };
        if (isResident)
            files.Dispose();
        return dataset;

        ImageFile[] Choose(IReadOnlyList<ImageFile> files, SplitRules rules) =>
            [
                .. rules
                    .Choose([.. files.Select(file => file.Label)], tree.ClassFolders, spec.Seed, path)
                    .Select(index => files[index]),
            ];

        ImageSet Set(ImageFile[] files, SplitRules rules) =>
            isResident
                ? decoding.All(files, $"decoding {rules.Name} images", digest)
                : decoding.OnDemand(files, digest, spec.MaxResidentBytes / 4);
    }

    /// <summary>Opens a folder, the folder around a table, or a zip file.</summary>
    private static IImageSource Open(string path, out string? table)
    {
        table = null;
        if (Directory.Exists(path))
            return new FolderSource(path);
        if (!Tables.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase))
            return new ZipSource(path);
        table = Path.GetFileName(path);
        return new FolderSource(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    private static void RequireContent(IImageSource source, IReadOnlyList<ImageFile> images)
    {
        foreach (var image in images)
            if (source.LengthOf(image.Entry) == 0)
                throw ImageDecoder.Empty(source.Describe(image.Entry));
    }

    private static IEnumerable<string> NotesOf(IImageSource source)
    {
        if (source is LabelledSource labelled)
        {
            if (labelled.UnlabelledImages is > 0 and var count)
                yield return $"{count} image(s) that no list of classes names are left out.";
        }
        else if (LabelTable.LeftOut(source) is { Length: > 0 } tables)
            yield return $"the classes are those of the folders; left out: {string.Join(", ", tables)}. "
                + "To read a table, name it by --data-path.";
    }

    /// <summary>Decodes the images of a source.</summary>
    private sealed record Decoding(
        IImageSource Source,
        int Size,
        IProgress<DatasetProgress>? Progress,
        CancellationToken Stop
    )
    {
        /// <summary>Bytes of a decoded image.</summary>
        public long ImageBytes => 3L * Size * Size;

        /// <summary>Decodes all images now.</summary>
        /// <exception cref="DatasetException">Names all that cannot be decoded, up to a limit.</exception>
        public ImageSet All(ImageFile[] files, string stage, DatasetDigest digest)
        {
            byte[] pixels = PixelBuffer.Allocate(files.Length, Size, Source.Name);
            byte[][] hashes = new byte[files.Length][];
            var damaged = new ConcurrentBag<string>();
            int imageBytes = (int)ImageBytes;
            int done = 0;
            Progress?.Report(new DatasetProgress(stage, 0, files.Length));

            // Without buffering the partitioner takes one item at a time under its lock, so the source is never read
            // concurrently.
            var encoded = Partitioner.Create(
                files.Select((file, index) => (Index: index, Bytes: ReadOrNote(file, damaged))),
                EnumerablePartitionerOptions.NoBuffering
            );
            var options = new ParallelOptions
            {
                CancellationToken = Stop,
                MaxDegreeOfParallelism = Environment.ProcessorCount,
            };
            Parallel.ForEach(
                encoded,
                options,
                (item, loop) =>
                {
                    hashes[item.Index] = SHA256.HashData(item.Bytes);
                    DecodeOrNote(
                        files[item.Index],
                        item.Bytes,
                        pixels.AsSpan(item.Index * imageBytes, imageBytes),
                        damaged
                    );
                    if (damaged.Count > MaxDamaged)
                        loop.Stop();
                    int count = Interlocked.Increment(ref done);
                    if (count % ReportEvery == 0 || count == files.Length)
                        Progress?.Report(new DatasetProgress(stage, count, files.Length));
                }
            );
            Require(damaged);
            for (int i = 0; i < files.Length; i++)
                digest.Add(files[i].Label, hashes[i]);
            return new ImageSet(pixels, [.. files.Select(file => file.Label)], 3, Size, Size);
        }

        /// <summary>
        /// A set whose images are decoded when they are asked for. Its digest is of their paths and lengths: reading
        /// all of a large data set takes hours.
        /// </summary>
        public ImageSet OnDemand(ImageFile[] files, DatasetDigest digest, long cachedBytes)
        {
            foreach (var file in files)
                digest.Add(
                    file.Label,
                    Encoding.UTF8.GetBytes(
                        $"{LabelledSource.FileName(Source.Entries[file.Entry])}:{Source.LengthOf(file.Entry)}"
                    )
                );
            var images = new ImagesOnDemand(Source, files, Size, cachedBytes);
            int[] positions = [.. Enumerable.Range(0, files.Length)];
            return new ImageSet(images, positions, [.. files.Select(file => file.Label)]);
        }

        private byte[] ReadOrNote(ImageFile file, ConcurrentBag<string> damaged)
        {
            try
            {
                return Source.Read(file.Entry);
            }
            catch (DatasetException e)
            {
                damaged.Add(e.Message);
                return [];
            }
        }

        private void DecodeOrNote(ImageFile file, byte[] encoded, Span<byte> pixels, ConcurrentBag<string> damaged)
        {
            string name = Source.Describe(file.Entry);
            if (encoded.Length == 0 && damaged.Any(message => message.Contains(name, StringComparison.Ordinal)))
                return; // could not be read
            try
            {
                ImageDecoder.Decode(encoded, name, Size, pixels);
            }
            catch (DatasetException e)
            {
                damaged.Add(e.Message);
            }
        }

        private static void Require(ConcurrentBag<string> damaged)
        {
            if (damaged.IsEmpty)
                return;
            string[] messages = [.. damaged.Order(StringComparer.Ordinal)];
            if (messages.Length == 1)
                throw new DatasetException(messages[0]);
            string more = messages.Length > MaxDamaged ? $"more than {MaxDamaged}" : $"{messages.Length}";
            throw new DatasetException($"{more} images cannot be used: {string.Join(" ", messages.Take(MaxDamaged))}");
        }
    }
}

/// <summary>
/// Decodes images when they are asked for, and keeps as many as fit: passes over a data set take all images in turn, so
/// that throwing the oldest out would throw out each before its next turn. Thread-safe.
/// </summary>
/// <param name="source">Holds them. Owned from now on, and never closed: sets come and go.</param>
/// <param name="files">The images.</param>
/// <param name="size">Height and width that they are brought to.</param>
/// <param name="cachedBytes">Decoded bytes to keep at most.</param>
internal sealed class ImagesOnDemand(IImageSource source, ImageFile[] files, int size, long cachedBytes) : IPixelSource
{
    private readonly byte[]?[] _cached = new byte[]?[files.Length];
    private long _bytes;

    public int Size => size;

    public void Read(int position, Span<byte> pixels)
    {
        if (Volatile.Read(ref _cached[position]) is { } known)
        {
            known.CopyTo(pixels);
            return;
        }

        int entry = files[position].Entry;
        ImageDecoder.Decode(source.Read(entry), source.Describe(entry), size, pixels);
        if (Interlocked.Add(ref _bytes, pixels.Length) <= cachedBytes)
            Volatile.Write(ref _cached[position], pixels.ToArray());
        else
            Interlocked.Add(ref _bytes, -pixels.Length);
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

/// <summary>A tree of files: a folder or a zip file. Safe for concurrent use.</summary>
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

    /// <summary>Bytes of one file, known without reading it.</summary>
    /// <param name="entry">Position in <see cref="Entries"/>.</param>
    /// <exception cref="DatasetException">The file is gone.</exception>
    long LengthOf(int entry);
}
