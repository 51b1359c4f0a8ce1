using System.Globalization;
using Npgsql;

namespace Dmkd.Hosting.Storage;

/// <summary>
/// The tables and queries of a cluster on PostgreSQL: Orleans' storage, membership and reminders, DMKD's blobs and
/// audit log. Versions build on one another;
/// each silo brings the database to the newest at its start, one at a time (docs/adr/0020).
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
    private static readonly string[] Steps = [PostgresTables.Orleans, PostgresTables.Blobs, PostgresTables.Audit];

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
    /// Version 2: weights and updates by digest. Values as large as these are compressed by nobody: they are random
    /// to a compressor.
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
}

/// <summary>
/// The queries by Orleans' names for them. Orleans runs what it finds in the table OrleansQuery; parameters and
/// result columns are matched by
/// name, and no row back means a lost race. Every change of a silo's row first moves the membership table's version
/// on; who read an older
/// version changes nothing.
/// </summary>
internal static class PostgresQueries
{
    private const string State =
        "ServiceId=@ServiceId AND GrainTypeString=@GrainTypeString AND GrainIdN0=@GrainIdN0 AND "
        + "GrainIdN1=@GrainIdN1 AND GrainIdExt=COALESCE(@GrainIdExtensionString,'')";

    private const string Silo =
        "DeploymentId=@DeploymentId AND Address=@Address AND Port=@Port AND Generation=@Generation";

    private const string MoveOn =
        "UPDATE OrleansMembershipVersion SET Version=Version+1 WHERE DeploymentId=@DeploymentId AND Version=@Version";

    private const string Silos =
        "SELECT v.DeploymentId AS DeploymentId, m.Address AS Address, m.Port AS Port, m.Generation "
        + "AS Generation, m.SiloName AS SiloName, m.HostName AS HostName, "
        + "m.Status AS Status, m.ProxyPort AS ProxyPort, m.SuspectTimes AS SuspectTimes, m.StartTime "
        + "AS StartTime, m.IAmAliveTime AS IAmAliveTime, v.Version AS Version "
        + "FROM OrleansMembershipVersion v LEFT JOIN OrleansMembership m ON m.DeploymentId=v.DeploymentId";

    private const string Reminders =
        "SELECT GrainId, ReminderName, StartTime, Period, Version FROM OrleansReminders WHERE ServiceId=@ServiceId";

    private const string Reminder = "ServiceId=@ServiceId AND GrainId=@GrainId AND ReminderName=@ReminderName";

    /// <summary>All of them.</summary>
    public static IReadOnlyDictionary<string, string> All { get; } =
        new Dictionary<string, string>
        {
            ["ReadFromStorageKey"] = $"SELECT PayloadBinary, Version FROM OrleansStorage WHERE {State}",
            ["WriteToStorageKey"] = $"""
                WITH changed AS (
                    UPDATE OrleansStorage SET PayloadBinary=@PayloadBinary, ModifiedOn=now(), Version=Version+1
                    WHERE {State} AND Version=@GrainStateVersion RETURNING Version),
                added AS (
                    INSERT INTO OrleansStorage (ServiceId, GrainTypeString, GrainIdN0, GrainIdN1, GrainIdExt, PayloadBinary, ModifiedOn, Version)
                    SELECT @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, COALESCE(@GrainIdExtensionString,''), @PayloadBinary, now(), 1
                    WHERE @GrainStateVersion IS NULL ON CONFLICT DO NOTHING RETURNING Version)
                SELECT Version AS NewGrainStateVersion FROM changed UNION ALL SELECT Version FROM added
                """,
            ["ClearStorageKey"] =
                $"UPDATE OrleansStorage SET PayloadBinary=NULL, ModifiedOn=now(), Version=Version+1 WHERE "
                + $"{State} AND Version=@GrainStateVersion RETURNING Version AS NewGrainStateVersion",
            ["DeleteStorageKey"] =
                $"DELETE FROM OrleansStorage WHERE {State} AND Version=@GrainStateVersion RETURNING Version+1 "
                + $"AS NewGrainStateVersion",

            ["ReadReminderRowsKey"] = $"{Reminders} AND GrainId=@GrainId",
            ["ReadReminderRowKey"] = $"{Reminders} AND GrainId=@GrainId AND ReminderName=@ReminderName",
            ["ReadRangeRows1Key"] = $"{Reminders} AND GrainHash>@BeginHash AND GrainHash<=@EndHash",
            ["ReadRangeRows2Key"] = $"{Reminders} AND (GrainHash>@BeginHash OR GrainHash<=@EndHash)",
            ["UpsertReminderRowKey"] = """
                INSERT INTO OrleansReminders (ServiceId, GrainId, ReminderName, StartTime, Period, GrainHash, Version)
                VALUES (@ServiceId, @GrainId, @ReminderName, @StartTime, @Period, @GrainHash, 0)
                ON CONFLICT (ServiceId, GrainId, ReminderName) DO UPDATE
                SET StartTime=excluded.StartTime, Period=excluded.Period, GrainHash=excluded.GrainHash, Version=OrleansReminders.Version+1 RETURNING Version
                """,
            ["DeleteReminderRowKey"] =
                $"WITH gone AS (DELETE FROM OrleansReminders WHERE {Reminder} AND Version=@Version RETURNING "
                + $"1) SELECT count(*)::int FROM gone",
            ["DeleteReminderRowsKey"] = "DELETE FROM OrleansReminders WHERE ServiceId=@ServiceId",

            ["InsertMembershipVersionKey"] =
                "WITH added AS (INSERT INTO OrleansMembershipVersion (DeploymentId) VALUES (@DeploymentId) "
                + "ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*)::int FROM added",
            ["InsertMembershipKey"] = $"""
                WITH moved AS ({MoveOn} AND NOT EXISTS (SELECT 1 FROM OrleansMembership WHERE {Silo}) RETURNING 1),
                added AS (
                    INSERT INTO OrleansMembership (DeploymentId, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, StartTime, IAmAliveTime)
                    SELECT @DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM moved RETURNING 1)
                SELECT count(*)::int FROM added
                """,
            ["UpdateMembershipKey"] = $"""
                WITH moved AS ({MoveOn} RETURNING 1),
                changed AS (
                    UPDATE OrleansMembership SET Status=@Status, SuspectTimes=@SuspectTimes, IAmAliveTime=@IAmAliveTime
                    WHERE {Silo} AND EXISTS (SELECT 1 FROM moved) RETURNING 1)
                SELECT count(*)::int FROM changed
                """,
            ["UpdateIAmAlivetimeKey"] = $"UPDATE OrleansMembership SET IAmAliveTime=@IAmAliveTime WHERE {Silo}",
            ["MembershipReadRowKey"] =
                $"{Silos} AND m.Address=@Address AND m.Port=@Port AND m.Generation=@Generation WHERE "
                + $"v.DeploymentId=@DeploymentId",
            ["MembershipReadAllKey"] = $"{Silos} WHERE v.DeploymentId=@DeploymentId",
            ["DeleteMembershipTableEntriesKey"] =
                "DELETE FROM OrleansMembership WHERE DeploymentId=@DeploymentId; DELETE FROM "
                + "OrleansMembershipVersion WHERE DeploymentId=@DeploymentId",
            ["GatewaysQueryKey"] =
                "SELECT Address, ProxyPort, Generation FROM OrleansMembership WHERE "
                + "DeploymentId=@DeploymentId AND Status=@Status AND ProxyPort>0",
            ["CleanupDefunctSiloEntriesKey"] =
                "DELETE FROM OrleansMembership WHERE DeploymentId=@DeploymentId AND IAmAliveTime<@IAmAliveTime AND Status<>3",
        };
}
