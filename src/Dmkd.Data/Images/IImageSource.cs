namespace Dmkd.Data.Images;

/// <summary>A tree of files: a folder or a zip file. Not safe for concurrent use.</summary>
internal interface IImageSource : IDisposable
{
    /// <summary>Where the tree is, for messages.</summary>
    string Name { get; }

    /// <summary>Paths of files and folders, '/' between the parts; a folder ends with '/'. In no particular order.</summary>
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
