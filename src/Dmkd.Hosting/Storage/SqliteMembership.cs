namespace Dmkd.Hosting.Storage;

/// <summary>
/// The tables and queries of Orleans' ADO.NET clustering on SQLite: several silos on one machine over one folder,
/// without a database server. Every change of a silo's row first moves the table's version on; who read an older
/// version changes nothing.
/// </summary>
internal static class SqliteMembership
{
    /// <summary>The tables.</summary>
    public const string Tables = """
        CREATE TABLE IF NOT EXISTS OrleansMembershipVersion (DeploymentId TEXT PRIMARY KEY, Version INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE IF NOT EXISTS OrleansMembership (
            DeploymentId TEXT NOT NULL, Address TEXT NOT NULL, Port INTEGER NOT NULL, Generation INTEGER NOT NULL, SiloName TEXT NOT NULL,
            HostName TEXT NOT NULL, Status INTEGER NOT NULL, ProxyPort INTEGER, SuspectTimes TEXT,
            StartTime TEXT NOT NULL, IAmAliveTime TEXT NOT NULL,
            PRIMARY KEY (DeploymentId, Address, Port, Generation));
        """;

    private const string Silo =
        "DeploymentId=@DeploymentId AND Address=@Address AND Port=@Port AND Generation=@Generation";

    private const string MoveOn =
        "UPDATE OrleansMembershipVersion SET Version=Version+1 WHERE DeploymentId=@DeploymentId AND Version=@Version";

    private const string Rows =
        "SELECT v.DeploymentId AS DeploymentId, m.Address AS Address, m.Port AS Port, m.Generation "
        + "AS Generation, m.SiloName AS SiloName, m.HostName AS HostName, "
        + "m.Status AS Status, m.ProxyPort AS ProxyPort, m.SuspectTimes AS SuspectTimes, m.StartTime "
        + "AS StartTime, m.IAmAliveTime AS IAmAliveTime, v.Version AS Version "
        + "FROM OrleansMembershipVersion v LEFT JOIN OrleansMembership m ON m.DeploymentId=v.DeploymentId";

    private const string Changed = "SELECT changes()";

    /// <summary>The queries by Orleans' names for them.</summary>
    public static IReadOnlyDictionary<string, string> Queries { get; } =
        new Dictionary<string, string>
        {
            ["InsertMembershipVersionKey"] =
                $"INSERT INTO OrleansMembershipVersion (DeploymentId) VALUES (@DeploymentId) ON CONFLICT DO NOTHING; {Changed}",
            ["InsertMembershipKey"] = $"""
                {MoveOn} AND NOT EXISTS (SELECT 1 FROM OrleansMembership WHERE {Silo});
                INSERT INTO OrleansMembership (
                    DeploymentId, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, StartTime, IAmAliveTime)
                SELECT @DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort,
                    @StartTime, @IAmAliveTime WHERE changes()=1;
                {Changed}
                """,
            ["UpdateMembershipKey"] = $"""
                {MoveOn};
                UPDATE OrleansMembership SET Status=@Status, SuspectTimes=@SuspectTimes, IAmAliveTime=@IAmAliveTime
                WHERE {Silo} AND changes()=1;
                {Changed}
                """,
            ["UpdateIAmAlivetimeKey"] = $"UPDATE OrleansMembership SET IAmAliveTime=@IAmAliveTime WHERE {Silo}",
            ["MembershipReadRowKey"] =
                $"{Rows} AND m.Address=@Address AND m.Port=@Port AND m.Generation=@Generation WHERE v.DeploymentId=@DeploymentId",
            ["MembershipReadAllKey"] = $"{Rows} WHERE v.DeploymentId=@DeploymentId",
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
