namespace Dmkd.Data.Images;

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

    public void Dispose()
    {
    }

    private static string RelativePath(DirectoryInfo root, FileSystemInfo info)
    {
        string path = Path.GetRelativePath(root.FullName, info.FullName).Replace(Path.DirectorySeparatorChar, '/');
        return info is DirectoryInfo ? path + "/" : path;
    }
}
