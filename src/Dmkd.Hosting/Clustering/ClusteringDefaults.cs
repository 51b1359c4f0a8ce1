using System.Net;
using System.Net.Sockets;
using Dmkd.Hosting.Storage;
using Orleans.Configuration;

namespace Dmkd.Hosting.Clustering;

/// <summary>Clustering of both hosts.</summary>
public static class ClusteringDefaults
{
    /// <summary>Part of every stored row's key: never changes.</summary>
    private const string ServiceId = "dmkd";

    /// <summary>Name of every cluster of one silo.</summary>
    internal const string LocalCluster = "dmkd-local";

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
            LocalCluster
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

/// <summary>Connects a client to a cluster.</summary>
public static class DmkdClientBuilderExtensions
{
    /// <summary>Name of the service: silos and clients of one cluster have the same.</summary>
    public const string ServiceId = "dmkd";

    /// <summary>Nobody tells a client that its silo died: it asks again, and soon.</summary>
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Makes a client one of a silo of its own on this machine.</summary>
    /// <param name="client">The client.</param>
    /// <param name="gatewayPort">The silo's port for clients.</param>
    public static IClientBuilder UseSingleSilo(this IClientBuilder client, int gatewayPort)
    {
        client.UseLocalhostClustering(gatewayPort, ServiceId, ClusteringDefaults.LocalCluster);
        return client.UseDefaults();
    }

    /// <summary>Makes a client one of a cluster over PostgreSQL; it finds the silos' gateways there.</summary>
    /// <param name="client">The client.</param>
    /// <param name="storage">The database.</param>
    public static IClientBuilder UseCluster(this IClientBuilder client, ClusterStorageOptions storage)
    {
        client.Configure<ClusterOptions>(options =>
            (options.ServiceId, options.ClusterId) = (ServiceId, storage.ClusterId)
        );
        client.UseAdoNetClustering(options =>
            (options.Invariant, options.ConnectionString) = (PostgresSchema.Invariant, storage.ConnectionString)
        );
        client.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = TimeSpan.FromSeconds(5));
        return client.UseDefaults();
    }

    private static IClientBuilder UseDefaults(this IClientBuilder client)
    {
        client.Configure<ClientMessagingOptions>(options => options.ResponseTimeout = ResponseTimeout);
        client.Configure<ClientMessagingOptions>(MessageLimits.Apply);
        client.LimitMessages(MessageLimits.OfClients);
        client.Services.AddRefusals();
        return client.AddActivityPropagation();
    }
}
