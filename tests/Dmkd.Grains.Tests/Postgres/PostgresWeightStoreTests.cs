using Dmkd.Hosting.Storage;
using Npgsql;

namespace Dmkd.Grains.Tests.Postgres;

public sealed class PostgresWeightStoreTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 100_000).Select(i => (byte)(i * 31))];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Get_AfterPut_ReturnsTheBytes()
    {
        await using var source = await OpenAsync();
        var store = Store(source);
        string digest = await store.PutAsync(Content, Cancel);
        Assert.Equal(digest, await store.PutAsync(Content, Cancel));
        Assert.Equal(Content, await store.GetAsync(digest, Cancel));
    }

    [Fact]
    public async Task Put_SameContentAtTheSameTime_LeavesOneRow()
    {
        await using var source = await OpenAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Store(source).PutAsync(Content, Cancel)));
        await using var command = source.CreateCommand("SELECT count(*) FROM DmkdBlobs");
        Assert.Equal(1L, await command.ExecuteScalarAsync(Cancel));
    }

    [Fact]
    public async Task Get_OneBitFlipped_NamesTheDigest()
    {
        await using var source = await OpenAsync();
        string digest = await Store(source).PutAsync(Content, Cancel);
        await using (
            var command = source.CreateCommand(
                "UPDATE DmkdBlobs SET Content=set_bit(Content, 4321, 1 - get_bit(Content, 4321))"
            )
        )
            await command.ExecuteNonQueryAsync(Cancel);
        var error = await Assert.ThrowsAsync<WeightStoreException>(() => Store(source).GetAsync(digest, Cancel));
        Assert.Contains(
            $"Weights {digest} in the table DmkdBlobs are damaged",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Get_Missing_NamesTheDigest()
    {
        await using var source = await OpenAsync();
        string digest = "sha256:" + new string('0', 64);
        Assert.Contains(
            digest,
            (await Assert.ThrowsAsync<WeightStoreException>(() => Store(source).GetAsync(digest, Cancel))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Get_AfterTheServerRestarted_ReturnsTheBytes()
    {
        await using var source = await OpenAsync();
        string digest = await Store(source).PutAsync(Content, Cancel);
        await server.RestartAsync();
        Assert.Equal(Content, await Store(source).GetAsync(digest, Cancel));
    }

    [Fact]
    public async Task Remove_OldBlob_GoesUnlessItWasStoredAgain()
    {
        await using var source = await OpenAsync();
        var store = Store(source);
        string digest = await store.PutAsync(Content, Cancel);
        await using (var command = source.CreateCommand("UPDATE DmkdBlobs SET StoredAt=now() - interval '3 days'"))
            await command.ExecuteNonQueryAsync(Cancel);
        var moment = TimeProvider.System.GetUtcNow().AddDays(-1);
        Assert.Equal([digest], await store.ListUntouchedSinceAsync(moment, Cancel));
        Assert.Equal(Content.Length, await store.RemoveAsync(digest, moment, isDryRun: true, Cancel));
        await store.PutAsync(Content, Cancel);
        Assert.Null(await store.RemoveAsync(digest, moment, isDryRun: false, Cancel));
        Assert.Equal(
            Content.Length,
            await store.RemoveAsync(digest, TimeProvider.System.GetUtcNow().AddDays(1), isDryRun: false, Cancel)
        );
        await Assert.ThrowsAsync<WeightStoreException>(() => store.GetAsync(digest, Cancel));
    }

    [Fact]
    public async Task Get_NoDigest_AsksNobody()
    {
        await using var source = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Timeout=1");
        await Assert.ThrowsAsync<WeightStoreException>(() => Store(source).GetAsync("' OR 1=1", Cancel));
    }

    private static PostgresWeightStore Store(NpgsqlDataSource source) => new(source, TimeProvider.System);

    private async Task<NpgsqlDataSource> OpenAsync()
    {
        var source = NpgsqlDataSource.Create(await server.CreateDatabaseAsync());
        await PostgresSchema.EnsureAsync(source, Cancel);
        return source;
    }
}
