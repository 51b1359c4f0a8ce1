using Dmkd.Hosting.Storage;
using Microsoft.Data.Sqlite;

namespace Dmkd.Grains.Tests.Storage;

public sealed class WeightCollectorTests : IDisposable
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private readonly TemporaryFolder _folder = new();
    private readonly FolderWeightStore _store;
    private readonly WeightCollector _collector;

    public WeightCollectorTests()
    {
        SqliteSchema.Ensure(Connection);
        _store = new FolderWeightStore(Path.Combine(_folder.Path, "weights"));
        _collector = new WeightCollector(_store, () => new SqliteConnection(Connection), TimeProvider.System);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Connection => $"Data Source={Path.Combine(_folder.Path, "dmkd.db")}";

    [Fact]
    public async Task Collect_OldBlobs_RemovesThoseThatNoStateNames()
    {
        string named = await PutAsync(1, age: 3 * Day),
            unnamed = await PutAsync(2, age: 3 * Day),
            young = await PutAsync(3, age: TimeSpan.Zero);
        await NameAsync($$"""{"versions":[{"digest":"{{named}}"}]}""");
        Assert.Equal(new CollectedWeights(1, 1, 2), await _collector.CollectAsync(Day, isDryRun: false, Cancel));
        Assert.Equal([1], await _store.GetAsync(named, Cancel));
        Assert.Equal([3, 3, 3], await _store.GetAsync(young, Cancel));
        await Assert.ThrowsAsync<WeightStoreException>(() => _store.GetAsync(unnamed, Cancel));
    }

    [Fact]
    public async Task Collect_DryRun_OnlyCounts()
    {
        string unnamed = await PutAsync(2, age: 3 * Day);
        Assert.Equal(new CollectedWeights(0, 1, 2), await _collector.CollectAsync(Day, isDryRun: true, Cancel));
        Assert.Equal([2, 2], await _store.GetAsync(unnamed, Cancel));
    }

    [Fact]
    public async Task Collect_OldBlobStoredAgain_IsYoung()
    {
        string unnamed = await PutAsync(2, age: 3 * Day);
        await _store.PutAsync(new byte[] { 2, 2 }, Cancel);
        Assert.Equal(0, (await _collector.CollectAsync(Day, isDryRun: false, Cancel)).Removed);
        Assert.Equal([2, 2], await _store.GetAsync(unnamed, Cancel));
    }

    [Fact]
    public async Task Collect_GraceBelowAnHour_IsRefused() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() =>
            _collector.CollectAsync(TimeSpan.FromMinutes(59), isDryRun: true, Cancel)
        );

    public void Dispose() => _folder.Dispose();

    /// <summary>Stores as many bytes as they are large.</summary>
    private async Task<string> PutAsync(byte value, TimeSpan age)
    {
        string digest = await _store.PutAsync(Enumerable.Repeat(value, value).ToArray(), Cancel);
        string file = Directory.GetFiles(_folder.Path, digest.Split(':')[1], SearchOption.AllDirectories).Single();
        File.SetLastWriteTimeUtc(file, TimeProvider.System.GetUtcNow().UtcDateTime - age);
        return digest;
    }

    private async Task NameAsync(string state)
    {
        await using var connection = new SqliteConnection(Connection);
        await connection.OpenAsync(Cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = "INSERT INTO OrleansStorage VALUES ('dmkd', 'state', 0, 0, '', @state, '', 1)";
        command.Parameters.AddWithValue("@state", System.Text.Encoding.UTF8.GetBytes(state));
        await command.ExecuteNonQueryAsync(Cancel);
    }
}
