using System.Diagnostics;

namespace Dmkd.Client.Tests.Running;

/// <summary>A folder of its own for one test. Deleted at the end.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("dmkd-client-").FullName;

    /// <summary>A path in it that does not exist yet.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file, and the folders that lead to it.</summary>
    public string Write(string name, byte[] content)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[name])!);
        File.WriteAllBytes(this[name], content);
        return this[name];
    }

    /// <summary>
    /// Copies a folder into this one, by another process: a process that closes a file which SQLite has open, too, loses
    /// SQLite's locks on it.
    /// </summary>
    public string Copy(string source, string name)
    {
        using var copy = Process.Start("cp", ["-a", source, this[name]]);
        copy.WaitForExit();
        Assert.Equal(0, copy.ExitCode);
        return this[name];
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
