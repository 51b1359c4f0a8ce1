using System.Collections.ObjectModel;
using System.IO.Compression;
using System.Text;

namespace Dmkd.Data.Images.Folders;

/// <summary>A folder of the file system as a source of images.</summary>
internal sealed class FolderSource : IImageSource
{
    // Deep enough for wrapper/train/class/images; ends loops of symbolic links.
    private static readonly EnumerationOptions Search = new() { RecurseSubdirectories = true, MaxRecursionDepth = 4 };

    public FolderSource(string folder)
    {
        Name = folder;
        var root = new DirectoryInfo(folder);
        Entries = [.. root.EnumerateFileSystemInfos("*", Search).Select(info => RelativePath(root, info))];
    }

    public string Name { get; }

    public IReadOnlyList<string> Entries { get; }

    public string Describe(int entry) => Path.Combine(Name, Entries[entry]);

    public byte[] Read(int entry)
    {
        string file = Describe(entry);
        try
        {
            using var stream = File.OpenRead(file);
            return BoundedReader.ReadAll(stream, file, stream.Length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"{file} cannot be read: {e.Message}", e);
        }
    }

    public void Dispose() { }

    private static string RelativePath(DirectoryInfo root, FileSystemInfo info)
    {
        string path = Path.GetRelativePath(root.FullName, info.FullName).Replace(Path.DirectorySeparatorChar, '/');
        return info is DirectoryInfo ? path + "/" : path;
    }
}

/// <summary>A zip file as a source of images; nothing is unpacked to disk. Owns the open file.</summary>
internal sealed class ZipSource : IImageSource
{
    private readonly ZipArchive _archive;
    private readonly ReadOnlyCollection<ZipArchiveEntry> _entries;

    /// <exception cref="DatasetException">The file is not a zip file or is damaged.</exception>
    public ZipSource(string file)
    {
        Name = file;
        try
        {
            _archive = ZipFile.OpenRead(file);
            _entries = _archive.Entries;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            _archive?.Dispose();
            throw new DatasetException(
                $"{file} is not a readable zip file: {e.Message} Give a folder or an undamaged .zip file.",
                e
            );
        }
        Entries = [.. _entries.Select(entry => entry.FullName.Replace('\\', '/'))];
    }

    public string Name { get; }

    public IReadOnlyList<string> Entries { get; }

    public string Describe(int entry) => $"{Name}!{Entries[entry]}";

    public byte[] Read(int entry)
    {
        string name = Describe(entry);
        try
        {
            using var stream = _entries[entry].Open();
            return BoundedReader.ReadAll(stream, name, _entries[entry].Length);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or NotSupportedException)
        {
            throw new DatasetException(
                $"{name} is a damaged zip entry: {e.Message} Download or pack the file again.",
                e
            );
        }
    }

    public void Dispose() => _archive.Dispose();
}

/// <summary>
/// Tiny-ImageNet's own layout as class folders: all validation images lie in <c>val/images</c>, and
/// <c>val/val_annotations.txt</c> tells their classes. Its <c>test/</c> has no labels and is left out. Does not own the
/// source beneath.
/// </summary>
internal sealed class AnnotatedSource : IImageSource
{
    private const string Annotations = "val/val_annotations.txt",
        Images = "val/images/",
        Validation = "val/",
        Test = "test/";
    private readonly IImageSource _source;

    private AnnotatedSource(IImageSource source, IReadOnlyList<string> entries)
    {
        _source = source;
        Entries = entries;
    }

    public string Name => _source.Name;

    public IReadOnlyList<string> Entries { get; }

    /// <summary>
    /// The source itself, or its annotated images sorted into class folders where it has annotations.
    /// </summary>
    /// <param name="source">The source. Borrowed for as long as the result is used.</param>
    /// <exception cref="DatasetException">A line of the annotations, or an image without one.</exception>
    public static IImageSource Of(IImageSource source)
    {
        int annotations = 0;
        while (annotations < source.Entries.Count && !IsAt(source.Entries[annotations], Annotations))
            annotations++;
        if (annotations == source.Entries.Count)
            return source;
        string root = source.Entries[annotations][..^Annotations.Length];
        var classes = Read(source, annotations);
        return new AnnotatedSource(
            source,
            [
                .. source.Entries.Select(path =>
                    path.StartsWith(root, StringComparison.Ordinal) ? root + Sorted(path[root.Length..]) : path
                ),
            ]
        );

        string Sorted(string path)
        {
            if (path.StartsWith(Test, StringComparison.Ordinal) || path is Annotations or Images)
                return ""; // a folder above, which has been seen
            if (!path.StartsWith(Images, StringComparison.Ordinal))
                return path;
            string file = path[Images.Length..];
            return classes.TryGetValue(file, out string? name)
                ? $"{Validation}{name}/{file}"
                : throw new DatasetException(
                    $"{source.Name}: {Annotations} does not tell the class of {file}. Add its line or remove the image."
                );
        }
    }

    public string Describe(int entry) => _source.Describe(entry);

    public byte[] Read(int entry) => _source.Read(entry);

    public void Dispose() { }

    private static bool IsAt(string path, string end) =>
        path.EndsWith(end, StringComparison.Ordinal) && path.Count(letter => letter == '/') <= 2;

    /// <summary>Class by file: the first two of a line's columns, which are separated by tabs.</summary>
    private static Dictionary<string, string> Read(IImageSource source, int annotations)
    {
        var classes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (
            var (number, line) in Encoding
                .UTF8.GetString(source.Read(annotations))
                .Split('\n', StringSplitOptions.TrimEntries)
                .Index()
        )
        {
            if (line.Length == 0)
                continue;
            if (line.Split('\t') is not [var file, { Length: > 0 } name, ..] || name.AsSpan().ContainsAny('/', '\\'))
                throw new DatasetException(
                    $"{source.Describe(annotations)}:{number
 + 1} must be an image's file and its class, "
                        + $"separated by a tab, not '{line}'."
                );
            classes[file] = name;
        }

        return classes;
    }
}

/// <summary>Reads streams whose length is not to be trusted.</summary>
internal static class BoundedReader
{
    /// <summary>Reads to the end, but never more than <see cref="ImageLimits.EncodedBytes"/>.</summary>
    /// <param name="stream">Stream to read. Borrowed: not disposed.</param>
    /// <param name="name">File or entry, as messages shall name it.</param>
    /// <param name="expectedBytes">Length that the container declares, 0 when unknown; only a hint.</param>
    /// <returns>The bytes, owned by the caller.</returns>
    /// <exception cref="DatasetException">The stream holds more than the limit.</exception>
    public static byte[] ReadAll(Stream stream, string name, long expectedBytes = 0)
    {
        if (expectedBytes > ImageLimits.EncodedBytes)
            throw TooLarge(name, $"{expectedBytes}");
        // One spare byte: a stream that ends where it should is seen to end without growing the buffer.
        byte[] buffer = new byte[Math.Max(expectedBytes + 1, 4096)];
        int length = 0;
        while (true)
        {
            int read = stream.Read(buffer, length, buffer.Length - length);
            if (read == 0)
                break;
            length += read;
            if (length > ImageLimits.EncodedBytes)
                throw TooLarge(name, $"more than {ImageLimits.EncodedBytes}");
            if (length == buffer.Length)
                Array.Resize(ref buffer, Math.Min(2 * length, ImageLimits.EncodedBytes + 1));
        }
        Array.Resize(ref buffer, length);
        return buffer;
    }

    private static DatasetException TooLarge(string name, string actual) =>
        new($"{name} holds {actual} bytes; at most {ImageLimits.EncodedBytes} an image. Remove it.");
}
