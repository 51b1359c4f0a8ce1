using Dmkd.Hosting.Storage;
using Npgsql;

namespace Dmkd.Grains.Tests.Postgres;

public sealed class PostgresSchemaTests(SharedDatabases server)
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

    /// <summary>Every version that was ever released, but the newest.</summary>
    public static TheoryData<int> EarlierVersions => [.. Enumerable.Range(1, PostgresSchema.Version - 1)];

    [Theory]
    [MemberData(nameof(EarlierVersions))]
    public async Task Ensure_DatabaseOfAnEarlierVersion_OpensWithWhatItHolds(int version)
    {
        await using var source = await OpenAsync();
        await PostgresSchema.CreateOlderAsync(source, version, Cancel);
        foreach (string row in RowsOf(version))
            await ScalarAsync(source, row);
        string before = await DumpAsync(source, version);
        await PostgresSchema.EnsureAsync(source, Cancel);
        await PostgresSchema.EnsureAsync(source, Cancel);
        Assert.Equal(before, await DumpAsync(source, version));
        Assert.Equal(PostgresSchema.Version, await ScalarAsync(source, "SELECT Version FROM DmkdSchema"));
        Assert.Equal((long)PostgresQueries.All.Count, await ScalarAsync(source, "SELECT count(*) FROM OrleansQuery"));
        await using var fresh = await OpenAsync();
        await PostgresSchema.EnsureAsync(fresh, Cancel);
        Assert.Equal(await ColumnsAsync(fresh), await ColumnsAsync(source));
    }

    [Fact]
    public async Task Ensure_DatabaseOfANewerProgram_IsRefusedAndLeftAsItWas()
    {
        await using var source = await OpenAsync();
        await PostgresSchema.EnsureAsync(source, Cancel);
        await ScalarAsync(source, "UPDATE DmkdSchema SET Version=99; UPDATE OrleansQuery SET QueryText='newer'");
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            PostgresSchema.EnsureAsync(source, Cancel)
        );
        Assert.Contains(
            $"schema version 99; this program knows up to {PostgresSchema.Version}",
            error.Message,
            StringComparison.Ordinal
        );
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

    /// <summary>Rows as programs of a version left them. A later version adds its own here.</summary>
    private static IEnumerable<string> RowsOf(int version)
    {
        yield return "INSERT INTO OrleansStorage (ServiceId, GrainTypeString, GrainIdN0, GrainIdN1, GrainIdExt, "
            + "PayloadBinary, ModifiedOn, Version) VALUES ('dmkd', 'training-run', 1, 2, 'old-run', "
            + "'{\"Phase\":3}', now(), 7)";
        yield return "INSERT INTO OrleansReminders VALUES ('dmkd', 'trainingrun/old-run', 'go on', now(), 60000, 5, 1)";
        yield return "INSERT INTO OrleansMembershipVersion VALUES ('dmkd', 3)";
        yield return "INSERT INTO OrleansMembership VALUES ('dmkd', '127.0.0.1', 11111, 9, 'silo', 'host', 3, "
            + "30000, NULL, now(), now())";
        if (version >= 2)
            yield return "INSERT INTO DmkdBlobs (Digest, Content) VALUES ('sha256:00', '\\x0102')";
    }

    /// <summary>Everything in the tables that a version knew.</summary>
    private static async Task<string> DumpAsync(NpgsqlDataSource source, int version)
    {
        string[] tables =
        [
            "OrleansStorage",
            "OrleansReminders",
            "OrleansMembershipVersion",
            "OrleansMembership",
            .. version >= 2 ? ["DmkdBlobs"] : Array.Empty<string>(),
        ];
        var texts = new List<string>();
        foreach (string table in tables)
            texts.Add(
                $"{table}: {await ScalarAsync(source, $"SELECT string_agg(t::text, ' ' ORDER BY t::text) FROM {table} t")}"
            );
        Assert.All(texts, text => Assert.Contains('(', text));
        return string.Join('\n', texts);
    }

    private static async Task<object?> ColumnsAsync(NpgsqlDataSource source) =>
        await ScalarAsync(
            source,
            "SELECT string_agg(table_name || '.' || column_name || ' ' || data_type || ' ' || "
                + "is_nullable, E'\\n' ORDER BY table_name, column_name) FROM information_schema.columns WHERE "
                + "table_schema='public'"
        );

    private async Task<NpgsqlDataSource> OpenAsync() => NpgsqlDataSource.Create(await server.CreateDatabaseAsync());

    private static async Task<object?> ScalarAsync(NpgsqlDataSource source, string sql)
    {
#pragma warning disable CA2100 // constants of this file
        await using var command = source.CreateCommand(sql);
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync(Cancel);
    }
}
