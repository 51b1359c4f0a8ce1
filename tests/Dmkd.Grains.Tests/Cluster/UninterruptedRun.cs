using Dmkd.Grains.Hosting;
using Microsoft.Data.Sqlite;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>One run from start to end, and a copy of its folder from every <see cref="CrashPoints">crash point</see>: what a power cut would have left.</summary>
public sealed class UninterruptedRun : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly HashSet<string> _taken = [];

    /// <summary>What the run decided.</summary>
    public string Outcome { get; private set; } = "";

    /// <summary>A folder as it was at a crash point.</summary>
    public string FolderAt(string crashPoint)
    {
        Assert.Contains(crashPoint, _taken);
        return CopyOf(crashPoint);
    }

    public async ValueTask InitializeAsync()
    {
        var probe = new StorageProbe { BeforeWrite = TakeAsync };
        await using var cluster = await DmkdCluster.StartAsync(Original, configure: probe.Attach);
        Outcome = await RunOutcome.OfAsync(cluster.Grains, await cluster.RunAsync(Examples.RunId, Examples.TinySettings()));
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private string Original => Path.Combine(_folder.Path, "original");

    private string CopyOf(string crashPoint) => Path.Combine(_folder.Path, crashPoint.Replace(' ', '-'));

    private Task TakeAsync(object state)
    {
        foreach (var (name, _) in CrashPoints.All.Where(point => point.Value(state)))
        {
            lock (_taken)
            {
                if (_taken.Add(name)) Copy(new SiloStorageOptions(CopyOf(name)));
            }
        }

        return Task.CompletedTask;
    }

    private void Copy(SiloStorageOptions target)
    {
        var source = new SiloStorageOptions(Original);
        Directory.CreateDirectory(target.Home);
        using (SqliteConnection from = new($"Data Source={source.DatabasePath}"), to = new($"Data Source={target.DatabasePath}"))
        {
            from.Open();
            to.Open();
            from.BackupDatabase(to);
        }

        // After the database: a blob is written before the state that names it.
        foreach (string file in Directory.GetFiles(source.WeightsPath, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".tmp", StringComparison.Ordinal)))
        {
            string copy = Path.Combine(target.WeightsPath, Path.GetRelativePath(source.WeightsPath, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }
}
