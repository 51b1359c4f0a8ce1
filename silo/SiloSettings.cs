using System.Net;
using Dmkd.Grains.Hosting;
using Dmkd.Grains.Runs;
using Dmkd.Grains.Security.ApiKeys;
using Dmkd.Grains.Security.Certificates;
using Microsoft.Extensions.Configuration;

namespace Dmkd.Silo;

/// <summary>What a silo is told by appsettings.json, environment (<c>Dmkd__Cluster=...</c>) and command line (<c>--Dmkd:Cluster=...</c>), section <c>Dmkd</c>.</summary>
internal sealed record SiloSettings
{
    private const string Section = "Dmkd";
    private const string AllowUnencrypted = "AllowUnencrypted";
    private const int HighestPort = 65_535;

    /// <summary>The cluster's database; null for a silo of its own over a folder.</summary>
    public ClusterStorageOptions? Cluster { get; private init; }

    /// <summary>Folder of a silo of its own.</summary>
    public required string Home { get; init; }

    /// <summary>Address by which others reach this silo; it listens there alone. Default: loopback.</summary>
    public IPAddress Address { get; private init; } = IPAddress.Loopback;

    /// <summary>Port that silos use. Default: 11111.</summary>
    public int SiloPort { get; private init; } = 11_111;

    /// <summary>Port that clients use. Default: 30000.</summary>
    public int GatewayPort { get; private init; } = 30_000;

    /// <summary>Port of HTTP on the same address, for health and metrics; 0 for none. Default: 8080.</summary>
    public int HttpPort { get; private init; } = 8_080;

    /// <summary>Keys that callers of HTTP need; null where everybody may ask.</summary>
    public ApiKeyFile? ApiKeys { get; private init; }

    /// <summary>How long a database that does not answer is waited for at the start. Default: 60 seconds.</summary>
    public TimeSpan DatabaseWait { get; private init; } = TimeSpan.FromSeconds(60);

    /// <summary>The silo's certificate, by which connections are encrypted and clients held to their roles; null without.</summary>
    public ClusterCertificates? Certificates { get; private init; }

    /// <summary>Calls a second that each client may make to this silo, where there are certificates. Default: 200.</summary>
    public int CallsPerSecond { get; private init; } = 200;

    /// <summary>Events of a run that are kept. Default: 500.</summary>
    public int MaxEvents { get; private init; } = EventLimits.DefaultMax;

    /// <summary>Reads and checks the settings.</summary>
    /// <exception cref="SiloSettingsException">Lists every setting that is wrong, and what to do.</exception>
    public static SiloSettings Read(IConfiguration configuration)
    {
        var section = configuration.GetSection(Section);
        var problems = new List<string>();
        var settings = new SiloSettings
        {
            Home = section[nameof(Home)] ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create), "dmkd-silo"),
            Cluster = ClusterOf(section, problems),
            Address = AddressOf(section, problems),
            Certificates = CertificatesOf(section, problems),
            CallsPerSecond = Number(section, nameof(CallsPerSecond), 200, 1_000_000, problems),
            MaxEvents = Number(section, nameof(MaxEvents), EventLimits.DefaultMax, 100_000, problems),
            SiloPort = Number(section, nameof(SiloPort), 11_111, HighestPort, problems),
            GatewayPort = Number(section, nameof(GatewayPort), 30_000, HighestPort, problems),
            HttpPort = Number(section, nameof(HttpPort), 8_080, HighestPort, problems, least: 0),
            ApiKeys = ApiKeysOf(section, problems),
            DatabaseWait = TimeSpan.FromSeconds(Number(section, "DatabaseWaitSeconds", 60, 3_600, problems)),
        };
        if (settings.SiloPort == settings.GatewayPort) problems.Add($"{Section}:{nameof(SiloPort)} and {Section}:{nameof(GatewayPort)} are both {settings.SiloPort}: give them two ports.");
        if (settings.HttpPort == settings.SiloPort || settings.HttpPort == settings.GatewayPort)
            problems.Add($"{Section}:{nameof(HttpPort)} is {settings.HttpPort} as another port is: give it one of its own, or 0 for none.");
        if (!IPAddress.IsLoopback(settings.Address) && settings.HttpPort != 0 && section[nameof(ApiKeys)] is null && !IsAllowed(section, problems))
            problems.Add($"{Section}:{nameof(HttpPort)} would be open to everybody who reaches {settings.Address}: set {Section}:{nameof(ApiKeys)}, or {Section}:{nameof(HttpPort)}=0.");
        string[] known =
        [
            nameof(Home), nameof(Cluster), "ClusterId", "WeightsFolder", nameof(Address), nameof(SiloPort), nameof(GatewayPort), nameof(HttpPort), nameof(ApiKeys), "DatabaseWaitSeconds", nameof(Certificates),
            AllowUnencrypted, nameof(CallsPerSecond), nameof(MaxEvents),
        ];
        foreach (var child in section.GetChildren().Where(child => !known.Contains(child.Key, StringComparer.OrdinalIgnoreCase)))
            problems.Add($"There is no setting {child.Path}; there are: {string.Join(", ", known.Select(name => $"{Section}:{name}"))}.");
        return problems.Count == 0 ? settings : throw new SiloSettingsException(string.Join(' ', problems));
    }

    private static ClusterStorageOptions? ClusterOf(IConfigurationSection section, List<string> problems)
    {
        string? weights = section["WeightsFolder"];
        if (section[nameof(Cluster)] is not { Length: > 0 } connection)
        {
            if (weights is not null) problems.Add($"{Section}:WeightsFolder is for a cluster: set {Section}:{nameof(Cluster)} too, or leave it out.");
            return null;
        }

        if (ClusterDatabase.ProblemOf(connection) is { } problem)
            problems.Add($"{Section}:{nameof(Cluster)} must be a PostgreSQL connection string such as Host=db;Database=dmkd;Username=dmkd;Password=...; {problem}.");
        if (weights is not null && !Directory.Exists(weights)) problems.Add($"{Section}:WeightsFolder {weights} does not exist: make it, on a disk that all silos share.");
        return new ClusterStorageOptions(connection) { ClusterId = section["ClusterId"] ?? "dmkd", WeightsFolder = weights };
    }

    private static IPAddress AddressOf(IConfigurationSection section, List<string> problems)
    {
        if (section[nameof(Address)] is not { } text) return IPAddress.Loopback;
        if (!IPAddress.TryParse(text, out var address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
        {
            problems.Add($"{Section}:{nameof(Address)} must be one address of this machine, such as 10.0.0.5, not '{text}'.");
            return IPAddress.Loopback;
        }

        // Without certificates, whoever reaches a port of a silo may call every grain.
        if (!IPAddress.IsLoopback(address) && section[nameof(Certificates)] is null && !IsAllowed(section, problems))
            problems.Add($"{Section}:{nameof(Address)} {address} is not loopback, and connections would not be encrypted: set {Section}:{nameof(Certificates)}, use 127.0.0.1, or set {Section}:{AllowUnencrypted}=true on a network that nobody else reaches.");
        return address;
    }

    private static bool IsAllowed(IConfigurationSection section, List<string> problems)
    {
        if (section[AllowUnencrypted] is not { } text) return false;
        if (bool.TryParse(text, out bool isAllowed)) return isAllowed;
        problems.Add($"{Section}:{AllowUnencrypted} must be true or false, not '{text}'.");
        return false;
    }

    private static ApiKeyFile? ApiKeysOf(IConfigurationSection section, List<string> problems)
    {
        if (section[nameof(ApiKeys)] is not { } file) return null;
        try
        {
            return ApiKeyFile.Load(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            problems.Add($"{Section}:{nameof(ApiKeys)}: {e.Message} Make one with dmkd certs api-key.");
            return null;
        }
    }

    private static ClusterCertificates? CertificatesOf(IConfigurationSection section, List<string> problems)
    {
        if (section[nameof(Certificates)] is not { } folder) return null;
        if (section[nameof(Cluster)] is not { Length: > 0 }) problems.Add($"{Section}:{nameof(Certificates)} is for a cluster: set {Section}:{nameof(Cluster)} too, or leave it out.");
        try
        {
            return ClusterCertificates.Load(folder, isSilo: true, TimeProvider.System);
        }
        catch (CertificateException e)
        {
            problems.Add($"{Section}:{nameof(Certificates)}: {e.Message}");
            return null;
        }
    }

    private static int Number(IConfigurationSection section, string name, int fallback, int most, List<string> problems, int least = 1)
    {
        if (section[name] is not { } text) return fallback;
        if (int.TryParse(text, out int number) && number >= least && number <= most) return number;
        problems.Add($"{Section}:{name} must be a whole number in [{least}, {most}], not '{text}'.");
        return fallback;
    }
}
