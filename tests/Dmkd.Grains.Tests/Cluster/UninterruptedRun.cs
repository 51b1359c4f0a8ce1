namespace Dmkd.Grains.Tests.Cluster;

/// <summary>
/// One run from start to end, and a copy of its folder from every <see cref="CrashPoints">crash point</see>.
/// </summary>
public sealed class UninterruptedRun : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly CrashCopies _copies;

    public UninterruptedRun() => _copies = new CrashCopies(_folder.Path, CrashPoints.All);

    /// <summary>What the run decided.</summary>
    public string Outcome { get; private set; } = "";

    /// <summary>A folder as it was at a crash point.</summary>
    public string FolderAt(string crashPoint) => _copies.FolderAt(crashPoint);

    public async ValueTask InitializeAsync()
    {
        var probe = new StorageProbe { BeforeWrite = _copies.TakeAsync };
        await using var cluster = await DmkdCluster.StartAsync(_copies.Original, configure: probe.Attach);
        Outcome = await RunOutcome.OfAsync(
            cluster.Grains,
            await cluster.RunAsync(Examples.RunId, Examples.TinySettings())
        );
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
