using Dmkd.Grains.Storage.Postgres;
using Npgsql;

namespace Dmkd.Grains.Tests.Postgres;

public sealed class PostgresSchemaTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ensure_EightSilosAtOnce_MakeOneSchema()
    {
        await using var source = await OpenAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => PostgresSchema.EnsureAsync(source, Cancel)));
        Assert.Equal(1L, await ScalarAsync(source, "SELECT count(*) FROM DmkdSchema"));
        Assert.Equal((long)PostgresQueries.All.Count, await ScalarAsync(source, "SELECT count(*) FROM OrleansQuery"));
    }

    [Fact]
    public async Task Ensure_DatabaseOfTheVersionBefore_OpensWithWhatItHolds()
    {
        await using var source = await OpenAsync();
        await PostgresSchema.CreateOlderAsync(source, PostgresSchema.Version - 1, Cancel);
        await ScalarAsync(source, "INSERT INTO OrleansStorage (ServiceId, GrainTypeString, GrainIdN0, GrainIdN1, ModifiedOn, Version) VALUES ('s', 't', 1, 2, now(), 1)");
        await PostgresSchema.EnsureAsync(source, Cancel);
        Assert.Equal(1L, await ScalarAsync(source, "SELECT count(*) FROM OrleansStorage"));
        Assert.Equal(0L, await ScalarAsync(source, "SELECT count(*) FROM DmkdBlobs"));
        Assert.Equal(PostgresSchema.Version, await ScalarAsync(source, "SELECT Version FROM DmkdSchema"));
    }

    [Fact]
    public async Task Ensure_DatabaseOfANewerProgram_IsRefusedAndLeftAsItWas()
    {
        await using var source = await OpenAsync();
        await PostgresSchema.EnsureAsync(source, Cancel);
        await ScalarAsync(source, "UPDATE DmkdSchema SET Version=99; UPDATE OrleansQuery SET QueryText='newer'");
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => PostgresSchema.EnsureAsync(source, Cancel));
        Assert.Contains($"schema version 99; this program knows up to {PostgresSchema.Version}", error.Message, StringComparison.Ordinal);
        Assert.Equal("newer", await ScalarAsync(source, "SELECT max(QueryText) FROM OrleansQuery"));
    }

    [Fact]
    public async Task Ensure_OlderQueries_ReplacesThem()
    {
        await using var source = await OpenAsync();
        await PostgresSchema.EnsureAsync(source, Cancel);
        await ScalarAsync(source, "UPDATE OrleansQuery SET QueryText='older'");
        await PostgresSchema.EnsureAsync(source, Cancel);
        Assert.Equal(0L, await ScalarAsync(source, "SELECT count(*) FROM OrleansQuery WHERE QueryText='older'"));
    }

    private async Task<NpgsqlDataSource> OpenAsync() => NpgsqlDataSource.Create(await server.CreateDatabaseAsync());

    private static async Task<object?> ScalarAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync(Cancel);
    }
}
