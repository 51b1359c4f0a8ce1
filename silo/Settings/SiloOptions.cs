using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Dmkd.Grains.Runs.Engine;

namespace Dmkd.Silo.Settings;

/// <summary>
/// What a silo is told by appsettings.json, environment (<c>Dmkd__Cluster=...</c>) and command line
/// (<c>--Dmkd:Cluster=...</c>), section <c>Dmkd</c>.
/// </summary>
internal sealed class SiloOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Dmkd";

    private const int MaxPort = 65_535;

    [Description("Folder of a silo of its own.")]
    public string Home { get; set; } =
        Path.Combine(
            Environment.GetFolderPath(
                Environment.SpecialFolder.LocalApplicationData,
                Environment.SpecialFolderOption.Create
            ),
            "dmkd-silo"
        );

    [Description("Connection string of the cluster's database; none for a silo of its own over a folder.")]
    public string? Cluster { get; set; }

    [Description("Name of the cluster in its database.")]
    public string ClusterId { get; set; } = "dmkd";

    [Description("A folder that all silos of the cluster see, for the weights; none to keep them in the database.")]
    public string? WeightsFolder { get; set; }

    [Description("Address by which others reach this silo; it listens there alone.")]
    public string Address { get; set; } = "127.0.0.1";

    [Description("Port that silos use.")]
    [Range(1, MaxPort)]
    public int SiloPort { get; set; } = 11_111;

    [Description("Port that clients use.")]
    [Range(1, MaxPort)]
    public int GatewayPort { get; set; } = 30_000;

    [Description("Port of HTTP on the same address, for health and metrics; 0 for none.")]
    [Range(0, MaxPort)]
    public int HttpPort { get; set; } = 8_080;

    [Description("File of the keys that callers of HTTP need; none where everybody may ask.")]
    public string? ApiKeys { get; set; }

    [Description("How long a database that does not answer is waited for at the start.")]
    [Range(1, 3_600)]
    public int DatabaseWaitSeconds { get; set; } = 60;

    [Description(
        "Folder of the silo's certificate, by which connections are encrypted and clients held to their roles."
    )]
    public string? Certificates { get; set; }

    [Description("Whether others may reach this silo without certificates.")]
    public bool AllowUnencrypted { get; set; }

    [Description("Calls a second that each client may make to this silo, where there are certificates.")]
    [Range(1, 1_000_000)]
    public int CallsPerSecond { get; set; } = 200;

    [Description("Days that entries of the cluster's audit are kept.")]
    [Range(30, 36_500)]
    public int AuditDays { get; set; } = 365;

    [Description("Connections over HTTP at a time; who comes then is hung up on.")]
    [Range(1, 100_000)]
    public int HttpConnections { get; set; } = 256;

    [Description("Events of a run that are kept.")]
    [Range(1, 100_000)]
    public int MaxEvents { get; set; } = EventLimits.DefaultMax;

    [Description("Nodes that this silo offers, Nodes:0, Nodes:1 and so on, each with Name, Data, Kind and Holdout.")]
    public IReadOnlyList<NodeOptions>? Nodes { get; set; }
}
