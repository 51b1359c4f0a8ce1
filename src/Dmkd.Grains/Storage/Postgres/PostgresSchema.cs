using System.Globalization;
using Npgsql;

namespace Dmkd.Grains.Storage.Postgres;

/// <summary>
/// The tables and queries of a cluster on PostgreSQL: Orleans' storage, membership and reminders, DMKD's blobs and audit log. Versions build on one another;
/// each silo brings the database to the newest at its start, one at a time (docs/adr/0020).
/// </summary>
internal static class PostgresSchema
{
    /// <summary>Invariant by which Orleans finds Npgsql.</summary>
    public const string Invariant = "Npgsql";

    /// <summary>Key of the lock that silos which start at once wait for; of no other meaning.</summary>
    private const long LockKey = 0x646D6B64; // "dmkd"

    private const string VersionTable = "CREATE TABLE IF NOT EXISTS DmkdSchema (Version integer NOT NULL)";

    /// <summary>What brings a database from one version to the next; never changed once released, only added to.</summary>
    private static readonly string[] Steps = [PostgresTables.Orleans, PostgresTables.Blobs, PostgresTables.Audit];

    /// <summary>The newest version.</summary>
    public static int Version => Steps.Length;

    /// <summary>Brings a database to the newest version and replaces Orleans' queries. Repeatable, and safe when several silos do it at once.</summary>
    /// <param name="source">The database.</param>
    /// <param name="cancellationToken">Ends the wait for another silo's turn.</param>
    /// <exception cref="InvalidOperationException">The database was written by a newer program.</exception>
    public static async Task EnsureAsync(NpgsqlDataSource source, CancellationToken cancellationToken = default)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({LockKey})", [], cancellationToken);
        await ExecuteAsync(connection, VersionTable, [], cancellationToken);
        int found = await FoundAsync(connection, cancellationToken);
        if (found > Version)
            throw new InvalidOperationException($"The database {connection.Database} on {connection.Host} has schema version {found}; this program knows up to {Version}. Use a newer program.");
        for (int version = found; version < Version; version++) await ExecuteAsync(connection, Steps[version], [], cancellationToken);
        if (found == 0) await ExecuteAsync(connection, "INSERT INTO DmkdSchema (Version) VALUES (0)", [], cancellationToken);
        await ExecuteAsync(connection, "UPDATE DmkdSchema SET Version=$1", [Version], cancellationToken);
        foreach (var (key, text) in PostgresQueries.All)
            await ExecuteAsync(connection, "INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ($1, $2) ON CONFLICT (QueryKey) DO UPDATE SET QueryText=excluded.QueryText", [key, text], cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Whether a database has this program's version. Reads only.</summary>
    public static async Task<bool> IsCurrentAsync(NpgsqlDataSource source, CancellationToken cancellationToken = default)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var exists = new NpgsqlCommand("SELECT to_regclass('DmkdSchema') IS NOT NULL", connection);
        return await exists.ExecuteScalarAsync(cancellationToken) is true && await FoundAsync(connection, cancellationToken) == Version;
    }

    /// <summary>Brings an empty database to an older version, for tests of what newer programs make of it.</summary>
    internal static async Task CreateOlderAsync(NpgsqlDataSource source, int version, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await ExecuteAsync(connection, VersionTable, [], cancellationToken);
        for (int step = 0; step < version; step++) await ExecuteAsync(connection, Steps[step], [], cancellationToken);
        await ExecuteAsync(connection, "INSERT INTO DmkdSchema (Version) VALUES ($1)", [version], cancellationToken);
    }

    private static async Task<int> FoundAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT COALESCE(MAX(Version), 0) FROM DmkdSchema", connection);
        return Convert.ToInt32(await command.ExecuteScalarAsync(cancellationToken), CultureInfo.InvariantCulture);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, object[] values, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // constants of this folder
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        foreach (object value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
