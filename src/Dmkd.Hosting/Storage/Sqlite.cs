using Microsoft.Data.Sqlite;

namespace Dmkd.Hosting.Storage;

/// <summary>
/// The tables and queries of Orleans' ADO.NET storage on SQLite (docs/adr/0004). Orleans runs the SQL it finds in the
/// table OrleansQuery; parameters and result columns are matched by name, and no row back means a lost race.
/// </summary>
internal static class SqliteSchema
{
    /// <summary>Invariant by which Orleans finds Microsoft.Data.Sqlite.</summary>
    public const string Invariant = "System.Data.SQLite";

    private const int Version = 2;

    private const string Tables = """
        CREATE TABLE IF NOT EXISTS OrleansQuery (QueryKey TEXT PRIMARY KEY, QueryText TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS OrleansStorage (
            ServiceId TEXT NOT NULL, GrainTypeString TEXT NOT NULL,
            GrainIdN0 INTEGER NOT NULL, GrainIdN1 INTEGER NOT NULL, GrainIdExt TEXT NOT NULL DEFAULT '',
            PayloadBinary BLOB, ModifiedOn TEXT NOT NULL, Version INTEGER NOT NULL,
            PRIMARY KEY (ServiceId, GrainTypeString, GrainIdN0, GrainIdN1, GrainIdExt));
        """;

    private const string Row =
        "ServiceId=@ServiceId AND GrainTypeString=@GrainTypeString AND GrainIdN0=@GrainIdN0 AND GrainIdN1=@GrainIdN1 "
        + "AND GrainIdExt=COALESCE(@GrainIdExtensionString,'')";

    private static readonly Dictionary<string, string> Queries = new()
    {
        ["ReadFromStorageKey"] = $"SELECT PayloadBinary, Version FROM OrleansStorage WHERE {Row}",
        ["WriteToStorageKey"] = $"""
            UPDATE OrleansStorage SET PayloadBinary=@PayloadBinary, ModifiedOn=datetime('now'), Version=Version+1
            WHERE {Row} AND Version=@GrainStateVersion RETURNING Version AS NewGrainStateVersion;
            INSERT INTO OrleansStorage (
                ServiceId, GrainTypeString, GrainIdN0, GrainIdN1, GrainIdExt, PayloadBinary, ModifiedOn, Version)
            SELECT @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, COALESCE(@GrainIdExtensionString,''),
                @PayloadBinary, datetime('now'), 1
            WHERE @GrainStateVersion IS NULL ON CONFLICT DO NOTHING RETURNING Version AS NewGrainStateVersion;
            """,
        ["ClearStorageKey"] = $"""
            UPDATE OrleansStorage SET PayloadBinary=NULL, ModifiedOn=datetime('now'), Version=Version+1
            WHERE {Row} AND Version=@GrainStateVersion RETURNING Version AS NewGrainStateVersion
            """,
        ["DeleteStorageKey"] =
            $"DELETE FROM OrleansStorage WHERE {Row} AND Version=@GrainStateVersion RETURNING Version+1 AS NewGrainStateVersion",
    };

    /// <summary>Creates what is missing and replaces the queries. Repeatable.</summary>
    /// <exception cref="InvalidOperationException">The file was written by a newer program.</exception>
    public static void Ensure(string connectionString)
    {
        using var connection = new SqliteConnection(connectionString);
        connection.Open();
        Execute(connection, "PRAGMA journal_mode=WAL");
        using var transaction = connection.BeginTransaction();
        _ = VersionOf(connection);
        Execute(connection, Tables);
        Execute(connection, SqliteMembership.Tables);
        foreach (var (key, text) in Queries.Concat(SqliteMembership.Queries))
            Execute(
                connection,
                "INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES (@key, @text) ON CONFLICT (QueryKey) "
                    + "DO UPDATE SET QueryText=excluded.QueryText",
                ("@key", key),
                ("@text", text)
            );
        Execute(connection, $"PRAGMA user_version={Version}");
        transaction.Commit();
    }

    /// <summary>The version of an open database's schema; 0 before it has one.</summary>
    /// <exception cref="InvalidOperationException">The file was written by a newer program.</exception>
    public static long VersionOf(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        long found = Convert.ToInt64(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
        if (found <= Version)
            return found;
        throw new InvalidOperationException(
            $"{connection.DataSource} has schema version {found}; this program knows up to {Version}. Use a newer program."
        );
    }

    private static void Execute(
        SqliteConnection connection,
        string sql,
        params ReadOnlySpan<(string Name, string Value)> parameters
    )
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // constants above
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue(name, value);
        command.ExecuteNonQuery();
    }
}
