using Dmkd.Grains.Tests.Cluster;

[assembly: AssemblyFixture(typeof(UninterruptedRun))]

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>
/// One run from start to end, and a copy of its folder from every <see cref="CrashPoints">crash point</see>. It is made
/// when the first test asks.
/// </summary>
public sealed class UninterruptedRun : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CrashCopies _copies;

    private readonly Lazy<Task<string>> _outcome;

    public UninterruptedRun()
    {
        _copies = new CrashCopies(_folder.Path, CrashPoints.All);
        _outcome = new(RunAsync);
    }

    /// <summary>What the run decided.</summary>
    public Task<string> OutcomeAsync() => _outcome.Value;

    /// <summary>A folder as it was at a crash point.</summary>
    public async Task<string> FolderAtAsync(string crashPoint)
    {
        await OutcomeAsync();
        return _copies.FolderAt(crashPoint);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<string> RunAsync()
    {
        var probe = new StorageProbe { BeforeWrite = _copies.TakeAsync };
        await using var cluster = await DmkdCluster.StartAsync(_copies.Original, configure: probe.Attach);
        return await RunOutcome.OfAsync(
            cluster.Grains,
            await cluster.RunAsync(Examples.RunId, Examples.TinySettings())
        );
    }
}
