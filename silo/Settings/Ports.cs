using System.Net;
using System.Net.Sockets;

namespace Dmkd.Silo.Settings;

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
