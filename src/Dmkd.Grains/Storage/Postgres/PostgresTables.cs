namespace Dmkd.Grains.Storage.Postgres;

/// <summary>The tables, by the version of the schema that brought them.</summary>
internal static class PostgresTables
{
    /// <summary>Version 1: what Orleans' ADO.NET providers keep. A state's key is its name and its grain's, never its class.</summary>
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

    /// <summary>Version 2: weights and updates by digest. Values as large as these are compressed by nobody: they are random to a compressor.</summary>
    public const string Blobs = """
        CREATE TABLE DmkdBlobs (Digest text PRIMARY KEY, Content bytea NOT NULL, StoredAt timestamptz NOT NULL DEFAULT now());
        ALTER TABLE DmkdBlobs ALTER COLUMN Content SET STORAGE EXTERNAL;
        """;

    /// <summary>Version 3: who changed what. Rows are added and never changed, which a trigger holds programs to; whoever owns the table can take the trigger off.</summary>
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
