namespace Dmkd.Hosting.Storage;

/// <summary>
/// The queries by Orleans' names for them. Orleans runs what it finds in the table OrleansQuery; parameters and result
/// columns are matched by name, and no row back means a lost race. Every change of a silo's row first moves the
/// membership table's version on; who read an older version changes nothing.
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
                    INSERT INTO OrleansStorage (
                        ServiceId, GrainTypeString, GrainIdN0, GrainIdN1, GrainIdExt, PayloadBinary, ModifiedOn, Version)
                    SELECT @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, COALESCE(@GrainIdExtensionString,''),
                        @PayloadBinary, now(), 1
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
                SET StartTime=excluded.StartTime, Period=excluded.Period, GrainHash=excluded.GrainHash,
                    Version=OrleansReminders.Version+1 RETURNING Version
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
                    INSERT INTO OrleansMembership (
                        DeploymentId, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, StartTime, IAmAliveTime)
                    SELECT @DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort,
                        @StartTime, @IAmAliveTime FROM moved RETURNING 1)
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
