using Dmkd.Client.Errors;
using Microsoft.Win32.SafeHandles;

namespace Dmkd.Client.Files;

/// <summary>
/// A folder of files of which some are secret: it appears whole or not at all, and secrets are for their owner alone
/// from the first byte.
/// </summary>
internal static class SecretFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes it.</summary>
    /// <param name="path">Where it will be.</param>
    /// <param name="replaces">Whether a folder that is there may be replaced.</param>
    /// <param name="files">Name, text, and whether it is secret; no text for a file that such a folder may hold, and
    /// this one will not.</param>
    /// <returns>Where it is.</returns>
    /// <exception cref="BadInputException">There is something already, or nothing can be made there.</exception>
    public static string Write(string path, bool replaces, params (string Name, string? Text, bool IsSecret)[] files)
    {
        string full = Require(path, replaces, files.Select(file => file.Name));
        string temporary = $"{full}.{Path.GetRandomFileName()}.tmp",
            old = $"{full}.{Path.GetRandomFileName()}.old";
        try
        {
            Directory.CreateDirectory(temporary, OwnerOnly | UnixFileMode.UserExecute);
            foreach (var (name, text, isSecret) in files)
            {
                if (text is not null)
                    WriteFile(Path.Combine(temporary, name), text, isSecret);
            }

            if (Directory.Exists(full))
                Directory.Move(full, old);
            Directory.Move(temporary, full);
            if (Directory.Exists(old))
                Directory.Delete(old, recursive: true);
            return full;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{full} cannot be written: {e.Message}");
        }
        finally
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
        }
    }

    /// <summary>Refuses a place where no such folder may come.</summary>
    /// <param name="path">Where it will be.</param>
    /// <param name="replaces">Whether a folder that is there may be replaced.</param>
    /// <param name="names">Files that such a folder may hold.</param>
    /// <returns>Where it will be, whole.</returns>
    /// <exception cref="BadInputException">There is something already.</exception>
    public static string Require(string path, bool replaces, IEnumerable<string> names)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (File.Exists(full))
            throw new BadInputException($"{full} is a file; name a folder.");
        if (Directory.Exists(full) && !replaces)
            throw new BadInputException($"{full} exists already; --force replaces it.");
        if (Directory.Exists(full))
            RequireOnly(full, names);
        return full;
    }

    /// <summary>Makes an open file its owner's alone.</summary>
    public static void Close(SafeFileHandle file) => File.SetUnixFileMode(file, OwnerOnly);

    /// <summary>A folder of something else is not ours to replace.</summary>
    private static void RequireOnly(string folder, IEnumerable<string> names)
    {
        if (
            Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).Except(names).FirstOrDefault() is
            { } other
        )
            throw new BadInputException($"{folder} holds {other}, which is no certificate: name a folder of its own.");
    }

    private static void WriteFile(string path, string text, bool isSecret)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        options.UnixCreateMode = isSecret ? OwnerOnly : OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        using var file = new FileStream(path, options);
        file.Write(System.Text.Encoding.UTF8.GetBytes(text.EndsWith('\n') ? text : text + "\n"));
        file.Flush(flushToDisk: true);
    }
}
