using System.Diagnostics;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Placement;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.TestingHost;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>Silos in this process, composed as in production, over one folder of state and weights.</summary>
internal sealed class DmkdCluster : IAsyncDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);
    private readonly InProcessTestCluster _cluster;

    private DmkdCluster(InProcessTestCluster cluster) => _cluster = cluster;

    public IGrainFactory Grains => _cluster.Client;

    /// <summary>Services of the first silo.</summary>
    public IServiceProvider Services => _cluster.Silos[0].ServiceProvider;

    /// <param name="folder">Shared by the silos; a cluster started on it later finds everything again.</param>
    /// <param name="silos">Number of silos.</param>
    /// <param name="configure">Changes what <c>AddDmkd</c> added; runs once per silo.</param>
    /// <param name="configureClient">Changes the client.</param>
    /// <param name="clusterId">Name of the cluster; null for a new one.</param>
    public static async Task<DmkdCluster> StartAsync(
        string folder,
        int silos = 1,
        Action<ISiloBuilder>? configure = null,
        Action<IClientBuilder>? configureClient = null,
        string? clusterId = null
    )
    {
        var builder = new InProcessTestClusterBuilder((short)silos);
        builder.Options.ConfigureFileLogging = false;
        builder.Options.AssumeHomogenousSilosForTesting = false; // or placement filters are skipped
        builder.Options.ServiceId = "dmkd"; // part of every storage key
        builder.ConfigureHost(host => host.Logging.ClearProviders());
        builder.ConfigureSilo(
            (_, silo) =>
            {
                silo.AddDmkd(new SiloStorageOptions(folder));
                configure?.Invoke(silo);
            }
        );
        if (clusterId is not null)
            builder.Options.ClusterId = clusterId;
        if (configureClient is not null)
            builder.ConfigureClient(configureClient);
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return new DmkdCluster(cluster);
    }

    /// <summary>Ends a grain's activation, as the end of its silo does.</summary>
    public Task DeactivateAsync(IAddressable grain) => _cluster.DeactivateAsync(grain);

    /// <summary>Ends the silo started last without letting it finish anything.</summary>
    public Task KillLastSiloAsync() => _cluster.KillSiloAsync(_cluster.Silos[^1]);

    /// <summary>Silos of some activated grains.</summary>
    public async Task<SiloAddress[]> SilosOfAsync(IEnumerable<IAddressable> grains)
    {
        var management = Grains.GetGrain<IManagementGrain>(0);
        var silos = new List<SiloAddress>();
        foreach (var grain in grains)
            silos.Add((await management.GetActivationAddress(grain))!);
        return [.. silos];
    }

    /// <summary>The device that a silo says it has.</summary>
    public string? DeviceOf(SiloAddress silo) =>
        SiloCapabilities.Of(Services.GetRequiredService<ISiloMetadataCache>().GetSiloMetadata(silo)).Device;

    /// <summary>Starts a run and waits for its end.</summary>
    public async Task<RunReport> RunAsync(string runId, RunSettings settings)
    {
        await Grains.GetGrain<ITrainingRunGrain>(runId).StartAsync(settings);
        return await ReportAsync(runId);
    }

    /// <summary>
    /// Waits for the end of a run and of the work on it: a run is stored as completed a moment before its last span
    /// ends.
    /// </summary>
    public async Task<RunReport> ReportAsync(string runId)
    {
        var run = Grains.GetGrain<ITrainingRunGrain>(runId);
        try
        {
            await UntilAsync(
                async () =>
                    await run.GetProgressAsync(long.MaxValue)
                        is { Phase: RunPhase.Completed or RunPhase.Failed, IsAtWork: false } end
                    && (end.Error is null ? true : throw new InvalidOperationException(end.Error)),
                $"the end of run {runId}"
            );
        }
        catch (TimeoutException e)
        {
            var last = await run.GetProgressAsync(0);
            string events = string.Join("; ", last.Events.TakeLast(5).Select(line => $"{line.At:mm:ss.fff} {line}"));
            throw new TimeoutException(
                $"{e.Message} It is {(last.IsAtWork ? "" : "not ")}at work in {last.Phase}: {events}",
                e
            );
        }

        return (await run.GetReportAsync())!;
    }

    /// <summary>Waits for a condition, within a bound.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Longest)
                throw new TimeoutException($"Waited {Longest} for {what}.");
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        }
    }

    /// <summary>Stops the silos as a host does that is asked to end.</summary>
    public async ValueTask DisposeAsync()
    {
        await _cluster.StopAllSilosAsync();
        await _cluster.DisposeAsync();
    }
}
