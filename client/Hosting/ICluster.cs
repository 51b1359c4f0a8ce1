using Dmkd.Client.Errors;
using Dmkd.Core.Devices;
using Dmkd.Grains.Libraries;
using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Security;
using Dmkd.Hosting.Storage;
using Dmkd.Hosting.Telemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Runtime.Messaging;

namespace Dmkd.Client.Hosting;

/// <summary>
/// What commands work with: the silo inside the console, or a cluster elsewhere. Dispose to leave it.
/// </summary>
internal interface ICluster : IAsyncDisposable
{
    /// <summary>The cluster's grains.</summary>
    IGrainFactory Grains { get; }

    /// <summary>What the grains tell to whoever looks.</summary>
    IStateReader Reader => new GrainStateReader(Grains);

    /// <summary>Lanes of this process, for baselines and files.</summary>
    DeviceWorker Training { get; }

    /// <summary>The weights that the grains' state names.</summary>
    IWeightStore Weights { get; }

    /// <summary>Removes weights that no state names.</summary>
    WeightCollector Collector { get; }
}

/// <summary>A silo of another process, or a cluster of them.</summary>
internal sealed class ConnectedCluster : ICluster
{
    private static readonly TimeSpan DatabaseWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ConnectWait = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);
    private readonly IHost _host;
    private readonly Func<WeightCollector> _collector;
    private readonly ClusterCertificates? _certificates;
    private readonly Lazy<DeviceWorker> _device = new(() => new DeviceWorker());

    private ConnectedCluster(
        IHost host,
        IWeightStore weights,
        Func<WeightCollector> collector,
        ClusterCertificates? certificates = null
    )
    {
        _certificates = certificates;
        _host = host;
        _collector = collector;
        Weights = weights;
    }

    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    public DeviceWorker Training => _device.Value;

    public IWeightStore Weights { get; }

    public WeightCollector Collector => _collector();

    /// <summary>Connects to a cluster, found through its database.</summary>
    /// <param name="storage">The cluster's database.</param>
    /// <param name="certificateFolder">Folder of the certificate to connect with; null for a cluster without.</param>
    /// <param name="verbose">Whether the log goes to standard error.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="ClusterDatabaseException">The database cannot be used.</exception>
    /// <exception cref="CertificateException">The certificate cannot be used.</exception>
    /// <exception cref="BadInputException">No silo of the cluster answers.</exception>
    public static async Task<ConnectedCluster> ConnectAsync(
        ClusterStorageOptions storage,
        string? certificateFolder,
        bool verbose,
        CancellationToken cancellationToken
    )
    {
        var certificates = certificateFolder is null
            ? null
            : ClusterCertificates.Load(certificateFolder, isSilo: false, TimeProvider.System);
        await ClusterDatabase.PrepareForClientAsync(storage, DatabaseWait, TimeProvider.System, cancellationToken);
        var host = HostFor(verbose, Connect);
        if (await StartAsync(host, cancellationToken) is { } reason)
        {
            certificates?.Dispose();
            throw new BadInputException(
                $"No silo of the cluster '{storage.ClusterId}' in "
                    + $"{ClusterDatabase.NameOf(storage.ConnectionString)} answers: {reason}. {Hint(certificates)}"
            );
        }

        var source = host.Services.GetRequiredService<NpgsqlDataSource>();
        var weights = ClusterDatabase.WeightsOf(storage, source, TimeProvider.System);
        return new ConnectedCluster(
            host,
            weights,
            () => ClusterDatabase.CollectorOf(weights, source, TimeProvider.System),
            certificates
        );

        void Connect(IClientBuilder client)
        {
            client.Services.AddSingleton(_ => NpgsqlDataSource.Create(storage.ConnectionString));
            client.UseCluster(storage);
            if (certificates is not null)
                client.UseCertificates(certificates);
        }
    }

    /// <summary>Connects to the silo that holds a home folder on this machine.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="gatewayPort">Where the silo answers consoles.</param>
    /// <param name="verbose">Whether the log goes to standard error.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="BadInputException">It does not answer.</exception>
    public static async Task<ConnectedCluster> ConnectAsync(
        SiloStorageOptions folder,
        int gatewayPort,
        bool verbose,
        CancellationToken cancellationToken
    )
    {
        var host = HostFor(verbose, client => client.UseSingleSilo(gatewayPort));
        if (await StartAsync(host, cancellationToken) is { } reason)
            throw new BadInputException($"The silo that holds {folder.Home} does not answer: {reason}.");
        var weights = folder.OpenWeights();
        return new ConnectedCluster(host, weights, () => folder.CollectorOf(weights, TimeProvider.System));
    }

    private static IHost HostFor(bool verbose, Action<IClientBuilder> connect)
    {
        var builder = HostBuilder(verbose);
        builder.UseOrleansClient(connect);
        return builder.Build();
    }

    /// <summary>A host inside the console, with telemetry, and a log where it is asked for.</summary>
    internal static HostApplicationBuilder HostBuilder(bool verbose)
    {
        var builder = Host.CreateEmptyApplicationBuilder(
            new HostApplicationBuilderSettings { ApplicationName = "dmkd" }
        );
        if (verbose)
            builder
                .Logging.AddPlainConsole(options => options.LogToStandardErrorThreshold = LogLevel.Trace)
                .AddFilter("Orleans", LogLevel.Warning);
        builder.Configuration.AddEnvironmentVariables(); // the exporters read OTEL_* there
        builder.Services.AddTelemetryDefaults("dmkd");
        return builder;
    }

    /// <summary>Starts a client; one that nobody answers is disposed.</summary>
    /// <returns>Why nobody answers, without a full stop; null when somebody does.</returns>
    private static async Task<string?> StartAsync(IHost host, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ConnectWait);
        try
        {
            await host.StartAsync(limit.Token);
            return null;
        }
        catch (Exception e)
            when (e is ConnectionFailedException or SiloUnavailableException or OrleansException
                || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            )
        {
            string reason = host.Services.LastTlsRefusal() ?? ReasonOf(e);
            host.Dispose();
            return reason.TrimEnd('.');
        }
    }

    private static string ReasonOf(Exception e) =>
        e is OperationCanceledException
            ? $"tried for {ConnectWait.TotalSeconds:0} seconds"
            : e.Message.Split('\n', 2)[0].Trim();

    private static string Hint(ClusterCertificates? certificates) =>
        certificates is null
            ? "Start one with dmkd-silo, leave --cluster out, or give --certificates if the cluster asks for one."
            : $"Start one with dmkd-silo; if one runs, its log says whether it refuses the certificate of "
                + $"{certificates.Identity}.";

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

        await ((IAsyncDisposable)_host).DisposeAsync();
        _certificates?.Dispose();
        if (_device.IsValueCreated)
            _device.Value.Dispose();
    }
}
