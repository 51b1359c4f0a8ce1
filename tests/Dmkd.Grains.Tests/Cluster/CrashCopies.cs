using Dmkd.Hosting.Clustering;
using Microsoft.Data.Sqlite;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>
/// Copies of a host's folder from moments just before a state was stored: what a power cut would have left.
/// </summary>
/// <param name="folder">Where the host's folder and the copies lie.</param>
/// <param name="points">The moments by name.</param>
internal sealed class CrashCopies(string folder, IReadOnlyDictionary<string, Func<object, bool>> points)
{
    private readonly HashSet<string> _taken = [];

    /// <summary>The host's folder.</summary>
    public string Original => Path.Combine(folder, "original");

    /// <summary>A folder as it was at a crash point.</summary>
    public string FolderAt(string crashPoint)
    {
        Assert.Contains(crashPoint, _taken);
        return CopyOf(crashPoint);
    }

    /// <summary>Takes a copy the first time that a state about to be stored is one of the crash points.</summary>
    public Task TakeAsync(object state)
    {
        foreach (var (name, _) in points.Where(point => point.Value(state)))
        {
            lock (_taken)
            {
                if (_taken.Add(name))
                    Copy(new SiloStorageOptions(CopyOf(name)));
            }
        }

        return Task.CompletedTask;
    }

    private string CopyOf(string crashPoint) => Path.Combine(folder, crashPoint.Replace(' ', '-'));

    private void Copy(SiloStorageOptions target)
    {
        var source = new SiloStorageOptions(Original);
        Directory.CreateDirectory(target.Home);
        using (
            SqliteConnection from = new($"Data Source={source.DatabasePath}"),
                to = new($"Data Source={target.DatabasePath}")
        )
        {
            from.Open();
            to.Open();
            from.BackupDatabase(to);
        }

        // After the database: a blob is written before the state that names it.
        foreach (
            string file in Directory
                .GetFiles(source.WeightsPath, "*", SearchOption.AllDirectories)
                .Where(file => !file.EndsWith(".tmp", StringComparison.Ordinal))
        )
        {
            string copy = Path.Combine(target.WeightsPath, Path.GetRelativePath(source.WeightsPath, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }
}
