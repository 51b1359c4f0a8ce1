using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace Dmkd.Chaos.Killing;

/// <summary>The silo processes over one folder, their client, and the supervisor that starts what has ended.</summary>
internal sealed class KillCluster : IDisposable
{
    /// <summary>Number of silos.</summary>
    public const int Silos = 3;

    /// <summary>Longest time until the cluster must have got over a fault.</summary>
    public static readonly TimeSpan MaxRecovery = TimeSpan.FromSeconds(120);

    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(50);
    private readonly SiloProcess[] _silos;
    private IHost? _client;

    /// <summary>Starts the silos.</summary>
    public KillCluster(string home)
    {
        Directory.CreateDirectory(home);
        Home = home;
        _silos = [.. Enumerable.Range(1, Silos).Select(number => new SiloProcess(home, number))];
        StartMissing();
    }

    /// <summary>The folder that the silos share.</summary>
    public string Home { get; }

    public IGrainFactory Grains => _client!.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Starts the silos that do not run.</summary>
    public void StartMissing()
    {
        foreach (var silo in _silos.Where(silo => !silo.IsRunning))
            silo.Start();
    }

    /// <summary>Does something to a silo, and has it repaired.</summary>
    /// <param name="fault">What.</param>
    /// <param name="wake">How long a frozen one stays so.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Completes when the silo runs again.</returns>
    public Task BreakAsync(PlannedKill fault, TimeSpan wake, CancellationToken cancellationToken)
    {
        var silo = _silos[fault.Silo];
        Do(fault.Kind, silo);
        var pause = fault.Kind is KillKind.Freeze ? wake : TimeSpan.FromSeconds(1);
        return RepairAsync(silo, pause, cancellationToken);
    }

    public void Dispose()
    {
        _client?.Dispose();
        foreach (var silo in _silos)
            silo.Dispose();
    }

    /// <summary>Connects the client; to be done once.</summary>
    public async Task ConnectAsync(CancellationToken cancellationToken)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleansClient(client =>
        {
            client.UseStaticClustering([
                .. _silos.Select(silo => new IPEndPoint(IPAddress.Loopback, silo.GatewayPort)),
            ]);
            client.Configure<ClusterOptions>(options =>
                (options.ServiceId, options.ClusterId) = ("dmkd", "dmkd-folder")
            );
            client.Configure<ClientMessagingOptions>(options => options.ResponseTimeout = TimeSpan.FromSeconds(5));
            client.UseConnectionRetryFilter(
                async (_, token) =>
                {
                    await Task.Delay(500, token);
                    return _silos.Any(silo => silo.IsRunning);
                }
            );
        });
        _client = builder.Build();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(MaxRecovery);
        try
        {
            await _client.StartAsync(limit.Token);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            string words = string.Join('\n', _silos.Select(silo => silo.LastWords));
            throw new InvalidOperationException($"No silo could be reached; they said:\n{words}", e);
        }
    }

    /// <summary>Calls a cluster that may be broken: whoever calls asks again.</summary>
    public static async Task TryAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
#pragma warning disable CA1031 // a client of a broken cluster: it asks again
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        { }
    }

    /// <summary>Waits until a condition holds; false when it did not in time.</summary>
    public static async Task<bool> UntilAsync(
        Func<Task<bool>> condition,
        TimeSpan longest,
        CancellationToken cancellationToken
    )
    {
        long start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(start) > longest)
                return false;
            await Task.Delay(LookPeriod, cancellationToken);
        }

        return true;
    }

    private static void Do(KillKind kind, SiloProcess silo)
    {
        if (kind is KillKind.Freeze)
            silo.Freeze();
        else if (kind is KillKind.Terminate)
            silo.Terminate();
        else
            silo.Kill();
    }

    /// <summary>
    /// What a supervisor does: a process that has ended is started again. A frozen one goes on, and ends when it learns
    /// that it was declared dead.
    /// </summary>
    private async Task RepairAsync(SiloProcess silo, TimeSpan pause, CancellationToken cancellationToken)
    {
        await Task.Delay(pause, cancellationToken);
        silo.Wake();
        await UntilAsync(() => Task.FromResult(!silo.IsRunning), TimeSpan.FromSeconds(10), cancellationToken);
        if (!silo.IsRunning)
            silo.Start();
    }
}
