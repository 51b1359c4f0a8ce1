using Dmkd.Core.Devices;
using Dmkd.Grains.Hosting;
using Dmkd.Grains.Storage;
using Dmkd.ServiceDefaults;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Runtime.Messaging;

namespace Dmkd.Client.Hosting;

/// <summary>A cluster of silos elsewhere, found through its database.</summary>
internal sealed class ConnectedCluster : ICluster
{
    private static readonly TimeSpan DatabaseWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ConnectWait = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);
    private readonly IHost _host;
    private readonly NpgsqlDataSource _source;
    private readonly Lazy<DeviceWorker> _device = new(() => new DeviceWorker());

    private ConnectedCluster(IHost host, NpgsqlDataSource source, IWeightStore weights)
    {
        _host = host;
        _source = source;
        Weights = weights;
    }

    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    public DeviceWorker Training => _device.Value;

    public IWeightStore Weights { get; }

    public WeightCollector Collector => ClusterDatabase.CollectorOf(Weights, _source, TimeProvider.System);

    /// <summary>Connects.</summary>
    /// <param name="storage">The cluster's database.</param>
    /// <param name="verbose">Whether the log goes to standard error.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="ClusterDatabaseException">The database cannot be used.</exception>
    /// <exception cref="BadInputException">No silo of the cluster answers.</exception>
    public static async Task<ConnectedCluster> ConnectAsync(ClusterStorageOptions storage, bool verbose, CancellationToken cancellationToken)
    {
        await ClusterDatabase.PrepareAsync(storage, DatabaseWait, TimeProvider.System, cancellationToken);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "dmkd" });
        if (verbose) builder.Logging.AddConsole(options => options.LogToStandardErrorThreshold = LogLevel.Trace).AddFilter("Orleans", LogLevel.Warning);
        builder.Configuration.AddEnvironmentVariables(); // the exporters read OTEL_* there
        builder.Services.AddTelemetryDefaults("dmkd");
        builder.UseOrleansClient(client => client.UseCluster(storage));
        var host = builder.Build();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ConnectWait);
        try
        {
            await host.StartAsync(limit.Token);
        }
        catch (Exception e) when (e is ConnectionFailedException or SiloUnavailableException or OrleansException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            host.Dispose();
            throw new BadInputException(
                $"No silo of the cluster '{storage.ClusterId}' in {ClusterDatabase.NameOf(storage.ConnectionString)} answers: {e.Message.Split('\n', 2)[0].Trim()} Start one with dmkd-silo, or leave --cluster out.");
        }

        var source = NpgsqlDataSource.Create(storage.ConnectionString);
        return new ConnectedCluster(host, source, ClusterDatabase.WeightsOf(storage, source, TimeProvider.System));
    }

    public async ValueTask DisposeAsync()
    {
        using (var limit = new CancellationTokenSource(StopLimit))
        {
            try
            {
                await _host.StopAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                // The cluster notices that this client is gone.
            }
        }

        _host.Dispose();
        await _source.DisposeAsync();
        if (_device.IsValueCreated) _device.Value.Dispose();
    }
}
