using Dmkd.Client.Errors;
using Dmkd.Hosting.Clustering;

namespace Dmkd.Client.Hosting;

/// <summary>The user's folder of runs and modules.</summary>
internal static class HomeFolder
{
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
    public static HomeLock Take(string path)
    {
        try
        {
            return HomeLock.Take(path, "dmkd");
        }
        catch (HomeFolderException e)
        {
            throw new BadInputException(e.WithAdvice("--home"));
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
