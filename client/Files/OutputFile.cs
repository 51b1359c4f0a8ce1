using Dmkd.Client.Errors;

namespace Dmkd.Client.Files;

/// <summary>
/// A file that a command writes: it appears whole or not at all. The bytes go to a temporary file beside it, made at
/// once, so that a place that cannot be written is refused before any work is done.
/// </summary>
internal sealed class OutputFile : IDisposable
{
    private readonly string _temporary;
    private readonly bool _replaces;

    private OutputFile(string path, bool replaces)
    {
        Path = path;
        _replaces = replaces;
        _temporary = $"{path}.{System.IO.Path.GetRandomFileName()}.tmp";
        Content = new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None);
    }

    /// <summary>Where it will be.</summary>
    public string Path { get; }

    /// <summary>Takes the bytes.</summary>
    public FileStream Content { get; }

    /// <summary>Opens a file for writing.</summary>
    /// <param name="path">Where it will be.</param>
    /// <param name="replaces">Whether a file that is there may be replaced.</param>
    /// <exception cref="BadInputException">There is a file already, or none can be made there.</exception>
    public static OutputFile Open(string path, bool replaces)
    {
        string full = System.IO.Path.GetFullPath(path);
        if (Directory.Exists(full))
            throw new BadInputException($"{full} is a folder; name a file in it.");
        if (File.Exists(full) && !replaces)
            throw Exists(full);
        if (!Directory.Exists(System.IO.Path.GetDirectoryName(full)))
            throw new BadInputException(
                $"There is no folder {System.IO.Path.GetDirectoryName(full)} to write {System.IO.Path.GetFileName(full)} to."
            );
        try
        {
            return new OutputFile(full, replaces);
        }
        catch (UnauthorizedAccessException)
        {
            throw new BadInputException($"{full} cannot be written: the folder takes no files.");
        }
        catch (IOException e)
        {
            throw new BadInputException($"{full} cannot be written: {e.Message}");
        }
    }

    /// <summary>Ends the file and puts it in its place.</summary>
    /// <returns>Its size in bytes.</returns>
    /// <exception cref="BadInputException">Somebody else wrote a file there meanwhile, and it may not be
    /// replaced.</exception>
    public long Commit()
    {
        Content.Flush(flushToDisk: true);
        long bytes = Content.Length;
        Content.Dispose();
        try
        {
            File.Move(_temporary, Path, _replaces);
        }
        catch (IOException) when (!_replaces && File.Exists(Path))
        {
            throw Exists(Path);
        }

        return bytes;
    }

    /// <summary>Leaves nothing behind unless it was committed.</summary>
    public void Dispose()
    {
        Content.Dispose();
        File.Delete(_temporary);
    }

    private static BadInputException Exists(string path) => new($"{path} exists already; --force replaces it.");
}
