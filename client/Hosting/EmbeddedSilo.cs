using Dmkd.Core.Devices;
using Dmkd.Grains;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Runs;
using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Placement;
using Dmkd.Hosting.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Dmkd.Client.Hosting;

/// <summary>
/// A cluster of one silo inside the console's process, on loopback, with its state in the user's folder.
/// </summary>
internal sealed class EmbeddedSilo : ICluster
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);
    private readonly IHost _host;
    private readonly HomeLock _home;

    private EmbeddedSilo(IHost host, HomeLock home)
    {
        _host = host;
        _home = home;
    }

    /// <summary>The cluster's grains.</summary>
    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    /// <summary>The lanes that train.</summary>
    public DeviceWorker Training => _host.Services.GetRequiredService<SiloDevices>().Training;

    /// <summary>The weights that the grains' state names.</summary>
    public IWeightStore Weights => _host.Services.GetRequiredService<IWeightStore>();

    /// <summary>Removes weights that no state names.</summary>
    public WeightCollector Collector => _host.Services.GetRequiredService<WeightCollector>();

    /// <summary>Starts the silo.</summary>
    /// <param name="homePath">Folder of its state.</param>
    /// <param name="datasets">Data sets read so far, so that they are not read twice; null for none.</param>
    /// <param name="interrupted">Whether runs that were interrupted go on when they are looked at.</param>
    /// <param name="verbose">Whether the silo's log goes to standard error.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    public static async Task<EmbeddedSilo> StartAsync(
        string homePath,
        DatasetCache? datasets,
        InterruptedRuns interrupted,
        bool verbose,
        CancellationToken cancellationToken
    )
    {
        var home = HomeFolder.Take(homePath);
        try
        {
            var builder = ConnectedCluster.HostBuilder(verbose);
            builder.Services.AddSingleton(interrupted);
            if (datasets is not null)
                builder.Services.AddSingleton(datasets);
            builder.UseOrleans(silo => silo.UseSingleSilo().AddDmkd(new SiloStorageOptions(homePath)));
            var host = builder.Build();
            await host.StartAsync(cancellationToken);
            return new EmbeddedSilo(host, home);
        }
        catch (SqliteException e)
        {
            home.Dispose();
            throw new IOException($"The folder {homePath} cannot be used: {e.Message}");
        }
        catch
        {
            home.Dispose();
            throw;
        }
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
                // Everything stored is durable; what did not stop in time ends with the process.
            }
        }

        if (_host is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
        _home.Dispose();
    }
}
