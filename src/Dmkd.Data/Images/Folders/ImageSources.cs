using System.Collections.ObjectModel;
using System.IO.Compression;

namespace Dmkd.Data.Images.Folders;

/// <summary>A folder of the file system as a source of images.</summary>
internal sealed class FolderSource : IImageSource
{
    private static readonly EnumerationOptions OneLevel = new(); // leaves hidden files out

    public FolderSource(string folder)
    {
        Name = folder;
        var entries = new List<string>();
        Collect(new DirectoryInfo(folder), "", [Path.GetFullPath(folder)], entries);
        Entries = entries;
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

    public long LengthOf(int entry)
    {
        string file = Describe(entry);
        try
        {
            return new FileInfo(file).Length;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"{file} cannot be read: {e.Message}", e);
        }
    }

    public void Dispose() { }

    /// <summary>All that lies below a folder, however deep; a link to a folder above is not followed again.</summary>
    private static void Collect(DirectoryInfo folder, string prefix, List<string> above, List<string> entries)
    {
        foreach (var info in folder.EnumerateFileSystemInfos("*", OneLevel))
        {
            string path = prefix + info.Name;
            if (info is not DirectoryInfo inner)
            {
                entries.Add(path);
                continue;
            }

            string place = info.LinkTarget is null
                ? Path.Combine(above[^1], info.Name)
                : info.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
            if (above.Contains(place))
                continue;
            entries.Add(path + "/");
            above.Add(place);
            Collect(inner, path + "/", above, entries);
            above.RemoveAt(above.Count - 1);
        }
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
        if (Twice() is not { } twice)
            return;
        _archive.Dispose();
        throw new DatasetException(
            $"{file} has {twice} several times, and nothing says which one counts. Pack it again."
        );
    }

    public string Name { get; }

    public IReadOnlyList<string> Entries { get; }

    public string Describe(int entry) => $"{Name}!{Entries[entry]}";

    public byte[] Read(int entry)
    {
        string name = Describe(entry);
        try
        {
            return ReadAlone(_entries[entry], name);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or NotSupportedException)
        {
            throw new DatasetException(
                $"{name} is a damaged zip entry: {e.Message} Download or pack the file again.",
                e
            );
        }
    }

    public long LengthOf(int entry) => _entries[entry].Length;

    public void Dispose() => _archive.Dispose();

    /// <summary>The first file of several with one path; null without any.</summary>
    private string? Twice()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return Entries.FirstOrDefault(path => !path.EndsWith('/') && !seen.Add(path));
    }

    /// <summary>
    /// Reads while no other thread reads. Not part of <see cref="Read"/>: its exception filter would run before the
    /// lock is released, in the variable that says whether the lock is held, and the lock would stay held.
    /// </summary>
    private byte[] ReadAlone(ZipArchiveEntry entry, string name)
    {
        lock (_archive)
        {
            using var stream = entry.Open();
            return BoundedReader.ReadAll(stream, name, entry.Length);
        }
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
