using Dmkd.Client.Errors;
using Dmkd.Hosting.Clustering;

namespace Dmkd.Client.Hosting;

/// <summary>
/// The user's folder of runs and modules, held by one process at a time: two embedded silos on one store would be two
/// clusters.
/// </summary>
internal sealed class HomeFolder : IDisposable
{
    private const string LockName = "in-use";
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(50);
    private readonly FileStream _lock;

    private HomeFolder(string path, FileStream held)
    {
        Path = path;
        _lock = held;
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>
    /// The folder used when <c>--home</c> is not given: DMKD_HOME, or <c>dmkd</c> under the user's data directory.
    /// </summary>
    public static string Default =>
        Environment.GetEnvironmentVariable("DMKD_HOME") is { Length: > 0 } home
            ? home
            : System.IO.Path.Combine(
                Environment.GetFolderPath(
                    Environment.SpecialFolder.LocalApplicationData,
                    Environment.SpecialFolderOption.DoNotVerify
                ),
                "dmkd"
            );

    /// <summary>Takes the folder, making it if need be.</summary>
    /// <exception cref="BadInputException">It cannot be made, or another process holds it.</exception>
    public static HomeFolder Take(string path)
    {
        try
        {
            new SiloStorageOptions(path).MakeHome();
            string file = System.IO.Path.Combine(path, LockName);
            return new HomeFolder(path, Hold(file));
        }
        catch (UnauthorizedAccessException)
        {
            throw new BadInputException($"The folder {path} cannot be written; choose another with --home.");
        }
        catch (IOException e)
        {
            throw new BadInputException(
                $"The folder {path} cannot be used: {e.Message} If another dmkd process holds it, wait for it "
                    + $"or choose another folder with --home."
            );
        }
    }

    /// <summary>Who asks whether the folder is held holds its lock for a moment, so a second attempt counts.</summary>
    private static FileStream Hold(string file)
    {
        FileStream? held = null;
        SpinWait.SpinUntil(() => (held = TryHold(file)) is not null, Moment);
        return held ?? Open(file);
    }

    private static FileStream? TryHold(string file)
    {
        try
        {
            return Open(file);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static FileStream Open(string file) =>
        new(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

    /// <summary>Whether a process holds the folder.</summary>
    public static bool IsHeld(string path)
    {
        var file = new FileInfo(System.IO.Path.Combine(path, LockName));
        try
        {
            if (file.Exists)
                file.Open(FileMode.Open, FileAccess.Read, FileShare.ReadWrite).Dispose();
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return false; // nobody can tell
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>Refuses a folder that nothing was ever stored in.</summary>
    /// <exception cref="BadInputException">There is no such folder, or it holds no runs.</exception>
    public static void RequireRuns(string path)
    {
        if (!File.Exists(new SiloStorageOptions(path).DatabasePath))
            throw new BadInputException(
                $"Nothing is stored in {path}. Start with `dmkd run`, or name another folder with --home."
            );
    }

    /// <summary>Lets go of the folder.</summary>
    public void Dispose() => _lock.Dispose();
}

/// <summary>
/// The folder of an experiment's results, and the one inside it for what is only needed while it runs.
/// </summary>
/// <param name="path">The folder of results.</param>
/// <param name="home">Folder of the networks that DMKD learns, to keep them; null to have them in the folder of
/// work.</param>
internal sealed class ExperimentFolder(string path, string? home)
{
    private readonly string _work = System.IO.Path.Combine(path, "work");

    /// <summary>The folder of results.</summary>
    public string Path => path;

    /// <summary>Folder of runs and modules. After a kill the runs in it go on where they were.</summary>
    public string Home { get; } = home ?? System.IO.Path.Combine(path, "work", "home");

    /// <summary>Folder of data sets with images held out.</summary>
    public string Validation => System.IO.Path.Combine(_work, "validation");

    /// <summary>Removes what is not needed any more once the experiment has come to its end.</summary>
    public void RemoveWork()
    {
        if (Directory.Exists(_work))
            Directory.Delete(_work, recursive: true);
    }
}
