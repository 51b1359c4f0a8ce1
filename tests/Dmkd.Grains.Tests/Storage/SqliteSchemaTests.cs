using Dmkd.Hosting.Storage;
using Microsoft.Data.Sqlite;

namespace Dmkd.Grains.Tests.Storage;

public sealed class SqliteSchemaTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _connectionString;

    public SqliteSchemaTests() =>
        _connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(_folder.Path, "state.db"),
        }.ToString();

    [Fact]
    public void Ensure_Twice_KeepsWhatIsStored()
    {
        SqliteSchema.Ensure(_connectionString);
        Execute(
            "INSERT INTO OrleansStorage (ServiceId, GrainTypeString, GrainIdN0, GrainIdN1, ModifiedOn, "
                + "Version) VALUES ('s', 't', 1, 2, 'now', 1)"
        );
        SqliteSchema.Ensure(_connectionString);
        Assert.Equal(1L, Execute("SELECT COUNT(*) FROM OrleansStorage"));
    }

    [Fact]
    public void Ensure_OlderQueriesInTheFile_ReplacesThem()
    {
        SqliteSchema.Ensure(_connectionString);
        Execute("UPDATE OrleansQuery SET QueryText='SELECT 1'");
        SqliteSchema.Ensure(_connectionString);
        Assert.Equal(0L, Execute("SELECT COUNT(*) FROM OrleansQuery WHERE QueryText='SELECT 1'"));
    }

    [Fact]
    public void Ensure_FileOfANewerProgram_IsRefusedWithBothVersions()
    {
        Execute("PRAGMA user_version=99");
        var error = Assert.Throws<InvalidOperationException>(() => SqliteSchema.Ensure(_connectionString));
        Assert.Contains("schema version 99; this program knows up to 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ensure_FileOfANewerProgram_ChangesNothing()
    {
        Execute("PRAGMA user_version=99");
        Assert.Throws<InvalidOperationException>(() => SqliteSchema.Ensure(_connectionString));
        Assert.Equal(0L, Execute("SELECT COUNT(*) FROM sqlite_master"));
    }

    public void Dispose() => _folder.Dispose();

    private object? Execute(string sql)
    {
        using var connection = new SqliteConnection(_connectionString);
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // constants of this file
        command.CommandText = sql;
#pragma warning restore CA2100
        return command.ExecuteScalar();
    }
}
