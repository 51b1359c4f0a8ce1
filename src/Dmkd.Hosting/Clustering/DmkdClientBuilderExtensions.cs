using Dmkd.Hosting.Storage;
using Orleans.Configuration;

namespace Dmkd.Hosting.Clustering;

/// <summary>Connects a client to a cluster.</summary>
public static class DmkdClientBuilderExtensions
{
    /// <summary>Name of the service: silos and clients of one cluster have the same.</summary>
    public const string ServiceId = "dmkd";

    /// <summary>Nobody tells a client that its silo died: it asks again, and soon.</summary>
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(10);

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
        client.Configure<ClientMessagingOptions>(options => options.ResponseTimeout = ResponseTimeout);
        client.Configure<ClientMessagingOptions>(MessageLimits.Apply);
        client.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = TimeSpan.FromSeconds(5));
        client.Services.AddRefusals();
        return client.AddActivityPropagation();
    }
}
