namespace Dmkd.Client.Hosting;

/// <summary>The folder of an experiment's results, and the one inside it for what is only needed while it runs.</summary>
/// <param name="path">The folder of results.</param>
/// <param name="home">Folder of the networks that DMKD learns, to keep them; null to have them in the folder of work.</param>
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
        if (Directory.Exists(_work)) Directory.Delete(_work, recursive: true);
    }
}
