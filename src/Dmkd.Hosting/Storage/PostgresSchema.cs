using System.Globalization;
using Npgsql;

namespace Dmkd.Hosting.Storage;

/// <summary>
/// The tables and queries of a cluster on PostgreSQL: Orleans' storage, membership and reminders, DMKD's blobs and
/// audit log. Versions build on one another; each silo brings the database to the newest at its start, one at a time
/// (docs/adr/0020).
/// </summary>
internal static class PostgresSchema
{
    /// <summary>Invariant by which Orleans finds Npgsql.</summary>
    public const string Invariant = "Npgsql";

    /// <summary>Key of the lock that silos which start at once wait for; of no other meaning.</summary>
    private const long LockKey = 0x646D6B64; // "dmkd"

    private const string VersionTable = "CREATE TABLE IF NOT EXISTS DmkdSchema (Version integer NOT NULL)";

    /// <summary>
    /// What brings a database from one version to the next; never changed once released, only added to.
    /// </summary>
    private static readonly string[] Steps =
    [
        PostgresTables.Orleans,
        PostgresTables.Blobs,
        PostgresTables.Audit,
        PostgresTables.AuditRetention,
    ];

    /// <summary>The newest version.</summary>
    public static int Version => Steps.Length;

    /// <summary>
    /// Brings a database to the newest version and replaces Orleans' queries. Repeatable, and safe when several silos
    /// do it at once.
    /// </summary>
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
            throw new InvalidOperationException(
                $"The database {connection.Database} on {connection.Host} has schema version {found}; this "
                    + $"program knows up to {Version}. Use a newer program."
            );
        for (int version = found; version < Version; version++)
            await ExecuteAsync(connection, Steps[version], [], cancellationToken);
        if (found == 0)
            await ExecuteAsync(connection, "INSERT INTO DmkdSchema (Version) VALUES (0)", [], cancellationToken);
        await ExecuteAsync(connection, "UPDATE DmkdSchema SET Version=$1", [Version], cancellationToken);
        foreach (var (key, text) in PostgresQueries.All)
            await ExecuteAsync(
                connection,
                "INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ($1, $2) ON CONFLICT (QueryKey) DO "
                    + "UPDATE SET QueryText=excluded.QueryText",
                [key, text],
                cancellationToken
            );
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Whether a database has this program's version. Reads only.</summary>
    public static async Task<bool> IsCurrentAsync(
        NpgsqlDataSource source,
        CancellationToken cancellationToken = default
    )
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var exists = new NpgsqlCommand("SELECT to_regclass('DmkdSchema') IS NOT NULL", connection);
        return await exists.ExecuteScalarAsync(cancellationToken) is true
            && await FoundAsync(connection, cancellationToken) == Version;
    }

    /// <summary>Brings an empty database to an older version, for tests of what newer programs make of it.</summary>
    internal static async Task CreateOlderAsync(
        NpgsqlDataSource source,
        int version,
        CancellationToken cancellationToken
    )
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await ExecuteAsync(connection, VersionTable, [], cancellationToken);
        for (int step = 0; step < version; step++)
            await ExecuteAsync(connection, Steps[step], [], cancellationToken);
        await ExecuteAsync(connection, "INSERT INTO DmkdSchema (Version) VALUES ($1)", [version], cancellationToken);
    }

    private static async Task<int> FoundAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT COALESCE(MAX(Version), 0) FROM DmkdSchema", connection);
        return Convert.ToInt32(await command.ExecuteScalarAsync(cancellationToken), CultureInfo.InvariantCulture);
    }

    private static async Task ExecuteAsync(
        NpgsqlConnection connection,
        string sql,
        object[] values,
        CancellationToken cancellationToken
    )
    {
#pragma warning disable CA2100 // constants of this folder
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        foreach (object value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

/// <summary>The tables, by the version of the schema that brought them.</summary>
internal static class PostgresTables
{
    /// <summary>
    /// Version 1: what Orleans' ADO.NET providers keep. A state's key is its name and its grain's, never its class.
    /// </summary>
    public const string Orleans = """
        CREATE TABLE OrleansQuery (QueryKey varchar(64) PRIMARY KEY, QueryText text NOT NULL);
        CREATE TABLE OrleansStorage (
            ServiceId varchar(150) NOT NULL, GrainTypeString varchar(512) NOT NULL,
            GrainIdN0 bigint NOT NULL, GrainIdN1 bigint NOT NULL, GrainIdExt varchar(512) NOT NULL DEFAULT '',
            PayloadBinary bytea, ModifiedOn timestamptz NOT NULL, Version integer NOT NULL,
            PRIMARY KEY (ServiceId, GrainTypeString, GrainIdN0, GrainIdN1, GrainIdExt));
        CREATE TABLE OrleansReminders (
            ServiceId varchar(150) NOT NULL, GrainId varchar(512) NOT NULL, ReminderName varchar(150) NOT NULL,
            StartTime timestamptz NOT NULL, Period bigint NOT NULL, GrainHash integer NOT NULL, Version integer NOT NULL,
            PRIMARY KEY (ServiceId, GrainId, ReminderName));
        CREATE TABLE OrleansMembershipVersion (DeploymentId varchar(150) PRIMARY KEY, Version integer NOT NULL DEFAULT 0);
        CREATE TABLE OrleansMembership (
            DeploymentId varchar(150) NOT NULL, Address varchar(45) NOT NULL, Port integer NOT NULL, Generation integer NOT NULL,
            SiloName varchar(150) NOT NULL, HostName varchar(150) NOT NULL, Status integer NOT NULL, ProxyPort integer,
            SuspectTimes text, StartTime timestamptz NOT NULL, IAmAliveTime timestamptz NOT NULL,
            PRIMARY KEY (DeploymentId, Address, Port, Generation));
        """;

    /// <summary>
    /// Version 2: weights and updates by digest. Values as large as these are compressed by nobody: they are random to
    /// a compressor.
    /// </summary>
    public const string Blobs = """
        CREATE TABLE DmkdBlobs (Digest text PRIMARY KEY, Content bytea NOT NULL, StoredAt timestamptz NOT NULL DEFAULT now());
        ALTER TABLE DmkdBlobs ALTER COLUMN Content SET STORAGE EXTERNAL;
        """;

    /// <summary>
    /// Version 3: who changed what. Rows are added and never changed, which a trigger holds programs to; whoever owns
    /// the table can take the trigger off.
    /// </summary>
    public const string Audit = """
        CREATE TABLE DmkdAudit (
            Id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, At timestamptz NOT NULL, Caller text NOT NULL, Role text NOT NULL,
            Grain text NOT NULL, Method text NOT NULL, GrainKey text NOT NULL, IsAllowed boolean NOT NULL, Reason text);
        CREATE FUNCTION DmkdAuditTakesRowsOnly() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'DmkdAudit takes rows and gives none back: % is refused', TG_OP; END $$;
        CREATE TRIGGER DmkdAuditTakesRowsOnly BEFORE UPDATE OR DELETE OR TRUNCATE ON DmkdAudit
            FOR EACH STATEMENT EXECUTE FUNCTION DmkdAuditTakesRowsOnly();
        """;

    /// <summary>
    /// Version 4: rows of the audit may go once they are old, which is 30 days whatever a silo is told; still none
    /// changes.
    /// </summary>
    public const string AuditRetention = """
        DROP TRIGGER DmkdAuditTakesRowsOnly ON DmkdAudit;
        CREATE TRIGGER DmkdAuditTakesRowsOnly BEFORE UPDATE OR TRUNCATE ON DmkdAudit
            FOR EACH STATEMENT EXECUTE FUNCTION DmkdAuditTakesRowsOnly();
        CREATE FUNCTION DmkdAuditKeepsYoungRows() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN
                IF OLD.At > now() - interval '30 days' THEN
                    RAISE EXCEPTION 'DmkdAudit takes rows and gives none back for 30 days: % is refused', TG_OP;
                END IF;
                RETURN OLD;
            END $$;
        CREATE TRIGGER DmkdAuditKeepsYoungRows BEFORE DELETE ON DmkdAudit
            FOR EACH ROW EXECUTE FUNCTION DmkdAuditKeepsYoungRows();
        """;
}
