using System.Diagnostics;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>
/// A file system of some megabytes of memory, which a test can fill. Needs the right to mount; tests skip without.
/// </summary>
internal sealed class SmallDisk : IDisposable
{
    private const int Block = 64 << 10;
    private readonly TemporaryFolder _folder = new();
    private bool _isMounted;

    public string Path => _folder.Path;

    private string Filler => System.IO.Path.Combine(Path, "filler");

    public static SmallDisk Mount(int megabytes)
    {
        var disk = new SmallDisk();
        var (code, error) = Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", disk.Path);
        if (code != 0)
        {
            disk.Dispose();
            Assert.Skip($"no small disk: mount says {error.Trim()}");
        }

        disk._isMounted = true;
        return disk;
    }

    /// <summary>Writes until nothing more is taken.</summary>
    public void Fill()
    {
        try
        {
            using var file = new FileStream(Filler, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
            for (byte[] block = new byte[Block]; ; )
                file.Write(block);
        }
        catch (IOException)
        {
            // To the last page: a write that does not fit is carried out as far as it does.
        }
    }

    /// <summary>Removes what <see cref="Fill"/> wrote.</summary>
    public void MakeRoom() => File.Delete(Filler);

    public void Dispose()
    {
        if (_isMounted)
            Run("umount", "-l", Path);
        _folder.Dispose();
    }

    private static (int Code, string Error) Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(
                new ProcessStartInfo(program, arguments) { RedirectStandardError = true }
            )!;
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, error);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (-1, e.Message);
        }
    }
}
