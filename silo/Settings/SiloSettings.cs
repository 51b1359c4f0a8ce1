using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using Dmkd.Grains.Nodes;
using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Security;
using Microsoft.Extensions.Configuration;

namespace Dmkd.Silo.Settings;

/// <summary>
/// A silo's options, checked together and with what they name opened. Made before the host, since its ports, its
/// database and its certificate are needed to build one: options that are validated when the host starts would be too
/// late.
/// </summary>
internal sealed record SiloSettings(SiloOptions Options, IPAddress Address)
{
    /// <summary>The cluster's database; null for a silo of its own over a folder.</summary>
    public ClusterStorageOptions? Cluster { get; private init; }

    /// <summary>Keys that callers of HTTP need; null where everybody may ask.</summary>
    public ApiKeyFile? ApiKeys { get; private init; }

    /// <summary>
    /// The silo's certificate, by which connections are encrypted and clients held to their roles; null without.
    /// </summary>
    public ClusterCertificates? Certificates { get; private init; }

    /// <summary>The parties' nodes whose data are on this machine.</summary>
    public OfferedNodes Nodes { get; private init; } = OfferedNodes.None;

    /// <summary>Reads and checks the settings.</summary>
    /// <exception cref="SiloSettingsException">Lists every setting that is wrong, and what to do.</exception>
    public static SiloSettings Read(IConfiguration configuration)
    {
        var problems = new List<string>();
        var section = configuration.GetSection(SiloOptions.Section);
        var options = CheckedBinder.Bind<SiloOptions>(section, problems);
        var settings = new SiloSettings(options, AddressOf(options, problems))
        {
            Cluster = ClusterOf(options, problems),
            Certificates = CertificatesOf(options, problems),
            ApiKeys = ApiKeysOf(options, problems),
            Nodes = NodeSettings.Read(section.GetSection(nameof(SiloOptions.Nodes)), problems),
        };
        CheckPorts(options, problems);
        CheckReach(settings, problems);
        return problems.Count == 0 ? settings : throw new SiloSettingsException(string.Join(' ', problems));
    }

    private static void CheckPorts(SiloOptions options, List<string> problems)
    {
        if (options.SiloPort == options.GatewayPort)
            problems.Add($"Dmkd:SiloPort and Dmkd:GatewayPort are both {options.SiloPort}: give them two ports.");
        if (options.HttpPort == options.SiloPort || options.HttpPort == options.GatewayPort)
            problems.Add(
                $"Dmkd:HttpPort is {options.HttpPort} as another port is: give it one of its own, or 0 for none."
            );
    }

    /// <summary>Without certificates, whoever reaches a port of a silo may call every grain.</summary>
    private static void CheckReach(SiloSettings settings, List<string> problems)
    {
        var (options, address) = settings;
        if (IPAddress.IsLoopback(address) || options.AllowUnencrypted)
            return;
        if (options.Certificates is null)
            problems.Add(
                $"Dmkd:Address {address} is not loopback, and connections would not be encrypted: set "
                    + $"Dmkd:Certificates, use 127.0.0.1, "
                    + "or set Dmkd:AllowUnencrypted=true on a network that nobody else reaches."
            );
        if (options.HttpPort != 0 && options.ApiKeys is null)
            problems.Add(
                $"Dmkd:HttpPort would be open to everybody who reaches {address}: set Dmkd:ApiKeys, or Dmkd:HttpPort=0."
            );
    }

    private static ClusterStorageOptions? ClusterOf(SiloOptions options, List<string> problems)
    {
        if (string.IsNullOrEmpty(options.Cluster))
        {
            const string needsCluster = "is for a cluster: set Dmkd:Cluster too, or leave it out.";
            if (options.WeightsFolder is not null)
                problems.Add($"Dmkd:WeightsFolder {needsCluster}");
            if (options.Certificates is not null)
                problems.Add($"Dmkd:Certificates {needsCluster}");
            return null;
        }

        if (ClusterDatabase.ProblemOf(options.Cluster) is { } problem)
            problems.Add(
                "Dmkd:Cluster must be a PostgreSQL connection string such as Host=db;Database=dmkd;Username=dmkd;Password=...; "
                    + $"{problem}."
            );
        if (options.WeightsFolder is { } weights && !Directory.Exists(weights))
            problems.Add($"Dmkd:WeightsFolder {weights} does not exist: make it, on a disk that all silos share.");
        return new ClusterStorageOptions(options.Cluster)
        {
            ClusterId = options.ClusterId,
            WeightsFolder = options.WeightsFolder,
        };
    }

    private static IPAddress AddressOf(SiloOptions options, List<string> problems)
    {
        bool isRead = IPAddress.TryParse(options.Address, out var address);
        if (isRead && !address!.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any))
            return address;
        problems.Add($"Dmkd:Address must be one address of this machine, such as 10.0.0.5, not '{options.Address}'.");
        return IPAddress.Loopback;
    }

    private static ApiKeyFile? ApiKeysOf(SiloOptions options, List<string> problems)
    {
        if (options.ApiKeys is not { } file)
            return null;
        try
        {
            return ApiKeyFile.Load(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            problems.Add($"Dmkd:ApiKeys: {e.Message} Make one with dmkd certs api-key.");
            return null;
        }
    }

    private static ClusterCertificates? CertificatesOf(SiloOptions options, List<string> problems)
    {
        if (options.Certificates is not { } folder)
            return null;
        try
        {
            return ClusterCertificates.Load(folder, isSilo: true, TimeProvider.System);
        }
        catch (CertificateException e)
        {
            problems.Add($"Dmkd:Certificates: {e.Message}");
            return null;
        }
    }
}

/// <summary>Settings of the silo are wrong; the message lists them all.</summary>
internal sealed class SiloSettingsException(string message) : Exception(message);

/// <summary>
/// Binds options and says everything that is wrong with their values, in terms of the keys; the platform's binder ends
/// at the first value that it cannot read, and leaves out keys that nobody knows.
/// </summary>
internal static class CheckedBinder
{
    /// <summary>Binds a section. Values that are wrong keep their defaults.</summary>
    /// <param name="section">The section.</param>
    /// <param name="problems">Receives what is wrong.</param>
    public static T Bind<T>(IConfigurationSection section, List<string> problems)
        where T : class, new()
    {
        var properties = typeof(T).GetProperties();
        string known = string.Join(", ", properties.Select(property => $"{section.Path}:{property.Name}"));
        var good = new Dictionary<string, string?>();
        foreach (var child in section.GetChildren())
        {
            var property = Array.Find(
                properties,
                property => property.Name.Equals(child.Key, StringComparison.OrdinalIgnoreCase)
            );
            if (property is null)
                problems.Add(
                    $"There is no setting {child.Path}.{SiloArguments.HintFor(child.Path)} There are: {known}."
                );
            else if (child.Value is "" && IsText(property) && property.Name != nameof(SiloOptions.Cluster))
                problems.Add($"{section.Path}:{property.Name} is empty; give a value, or leave it out.");
            else if (child.Value is { } text && ProblemOf(property, text) is { } problem)
                problems.Add($"{section.Path}:{property.Name} must be {problem}, not '{text}'.");
            else
                good[child.Key] = child.Value;
        }

        return new ConfigurationBuilder().AddInMemoryCollection(good).Build().Get<T>() ?? new T();
    }

    private static bool IsText(PropertyInfo property) => property.PropertyType == typeof(string);

    private static string? ProblemOf(PropertyInfo property, string text)
    {
        var converter = TypeDescriptor.GetConverter(property.PropertyType);
        bool isRead = converter.IsValid(text);
        if (property.PropertyType == typeof(bool))
            return isRead ? null : "true or false";
        if (property.GetCustomAttribute<RangeAttribute>() is not { } range)
            return null;
        if (isRead && range.IsValid(converter.ConvertFromInvariantString(text)))
            return null;
        return $"a whole number in [{range.Minimum}, {range.Maximum}]";
    }
}

/// <summary>
/// Looks at the silo's ports before it joins its cluster: one that found a port taken later would be a member for a
/// moment, and die as one.
/// </summary>
internal static class Ports
{
    /// <summary>Refuses ports that somebody listens on.</summary>
    /// <exception cref="PortInUseException">Names every one of them.</exception>
    public static void RequireFree(SiloSettings settings)
    {
        var options = settings.Options;
        var problems = new List<string>();
        if (!IsFree(settings.Address, options.SiloPort))
            problems.Add($"Dmkd:SiloPort {options.SiloPort} is in use: choose another.");
        if (!IsFree(settings.Address, options.GatewayPort))
            problems.Add($"Dmkd:GatewayPort {options.GatewayPort} is in use: choose another.");
        if (options.HttpPort != 0 && !IsFree(settings.Address, options.HttpPort))
            problems.Add($"Dmkd:HttpPort {options.HttpPort} is in use: choose another, or 0 for none.");
        if (problems.Count > 0)
            throw new PortInUseException(string.Join(' ', problems));
    }

    private static bool IsFree(IPAddress address, int port)
    {
        try
        {
            using var listener = new TcpListener(address, port);
            listener.Start();
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse)
        {
            return false;
        }
    }
}

/// <summary>Ports that the silo was to listen on are taken; the message lists them all.</summary>
internal sealed class PortInUseException(string message) : Exception(message);
