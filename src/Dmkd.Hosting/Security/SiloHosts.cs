using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Dmkd.Hosting.Security;

/// <summary>
/// Names and addresses in a silo's certificate under which others may ask it over HTTPS. Silos and consoles go by the
/// role instead, since silos move from address to address.
/// </summary>
public static class SiloHosts
{
    /// <summary>What is wrong with a host; null when it may stand in a certificate.</summary>
    /// <param name="host">A DNS name or an IP address.</param>
    public static string? ProblemOf(string host) =>
        IPAddress.TryParse(host, out _) || Uri.CheckHostName(host) is UriHostNameType.Dns
            ? null
            : $"a host is a DNS name or an IP address, not '{host}'";

    /// <summary>
    /// The extension: the hosts given, the silo's own name where it can be one, and this machine's names for itself.
    /// </summary>
    internal static X509Extension Extension(string name, IEnumerable<string> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (
            string host in hosts
                .Append(name)
                .Append("localhost")
                .Append("127.0.0.1")
                .Append("::1")
                .Where(host => ProblemOf(host) is null)
                .Distinct(StringComparer.OrdinalIgnoreCase)
        )
        {
            if (IPAddress.TryParse(host, out var address))
                names.AddIpAddress(address);
            else
                names.AddDnsName(host);
        }

        return names.Build();
    }
}
