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

    /// <summary>Folder of a silo of its own. Default: dmkd-silo in the user's local data.</summary>
    public string Home { get; set; } =
        Path.Combine(
            Environment.GetFolderPath(
                Environment.SpecialFolder.LocalApplicationData,
                Environment.SpecialFolderOption.Create
            ),
            "dmkd-silo"
        );

    /// <summary>Connection string of the cluster's database; none for a silo of its own over a folder.</summary>
    public string? Cluster { get; set; }

    /// <summary>Name of the cluster in its database.</summary>
    public string ClusterId { get; set; } = "dmkd";

    /// <summary>
    /// A folder that all silos of the cluster see, for the weights; none to keep them in the database.
    /// </summary>
    public string? WeightsFolder { get; set; }

    /// <summary>Address by which others reach this silo; it listens there alone.</summary>
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>Port that silos use.</summary>
    [Range(1, MaxPort)]
    public int SiloPort { get; set; } = 11_111;

    /// <summary>Port that clients use.</summary>
    [Range(1, MaxPort)]
    public int GatewayPort { get; set; } = 30_000;

    /// <summary>Port of HTTP on the same address, for health and metrics; 0 for none.</summary>
    [Range(0, MaxPort)]
    public int HttpPort { get; set; } = 8_080;

    /// <summary>File of the keys that callers of HTTP need; none where everybody may ask.</summary>
    public string? ApiKeys { get; set; }

    /// <summary>How long a database that does not answer is waited for at the start.</summary>
    [Range(1, 3_600)]
    public int DatabaseWaitSeconds { get; set; } = 60;

    /// <summary>
    /// Folder of the silo's certificate, by which connections are encrypted and clients held to their roles.
    /// </summary>
    public string? Certificates { get; set; }

    /// <summary>Whether others may reach this silo without certificates.</summary>
    public bool AllowUnencrypted { get; set; }

    /// <summary>Calls a second that each client may make to this silo, where there are certificates.</summary>
    [Range(1, 1_000_000)]
    public int CallsPerSecond { get; set; } = 200;

    /// <summary>Days that entries of the cluster's audit are kept.</summary>
    [Range(30, 36_500)]
    public int AuditDays { get; set; } = 365;

    /// <summary>Connections over HTTP at a time; who comes then is hung up on.</summary>
    [Range(1, 100_000)]
    public int HttpConnections { get; set; } = 256;

    /// <summary>Events of a run that are kept.</summary>
    [Range(1, 100_000)]
    public int MaxEvents { get; set; } = EventLimits.DefaultMax;
}
