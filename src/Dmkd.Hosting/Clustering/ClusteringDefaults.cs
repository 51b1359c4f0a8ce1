using System.Net;
using System.Net.Sockets;
using Orleans.Configuration;

namespace Dmkd.Hosting.Clustering;

/// <summary>Clustering of both hosts.</summary>
public static class ClusteringDefaults
{
    /// <summary>Part of every stored row's key: never changes.</summary>
    private const string ServiceId = "dmkd";

    /// <summary>Makes a silo a cluster of its own, on loopback only.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="siloPort">Port that silos use; null for a free one.</param>
    /// <param name="gatewayPort">Port that clients use; 0 for none, as in an embedded silo.</param>
    public static ISiloBuilder UseSingleSilo(this ISiloBuilder silo, int? siloPort = null, int gatewayPort = 0)
    {
        int port = siloPort ?? FreePort();
        silo.UseLocalhostClustering(
            port,
            gatewayPort,
            new IPEndPoint(IPAddress.Loopback, port),
            ServiceId,
            "dmkd-local"
        );
        silo.Configure<EndpointOptions>(options => options.AdvertisedIPAddress = IPAddress.Loopback);
        return silo;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
