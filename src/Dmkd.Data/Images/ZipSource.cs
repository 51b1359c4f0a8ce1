using System.Collections.ObjectModel;
using System.IO.Compression;

namespace Dmkd.Data.Images;

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
            throw new DatasetException($"{file} is not a readable zip file: {e.Message} Give a folder or an undamaged .zip file.", e);
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
            throw new DatasetException($"{name} is a damaged zip entry: {e.Message} Download or pack the file again.", e);
        }
    }

    public void Dispose() => _archive.Dispose();
}
