using System.Diagnostics;
using System.Net;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Tensors;
using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace Dmkd.Chaos.Killing;

/// <summary>
/// Three silo processes, runs of four nodes on them, and faults at random moments until enough have happened.
/// </summary>
internal sealed class KillRun(string home, int seed, Action<string> tell) : IDisposable
{
    private const int Silos = 3;
    private const int Rounds = 25;
    private static readonly TimeSpan MaxRecovery = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(100);

    private readonly Random _random = new(seed);
    private readonly List<double> _recoveries = [];
    private readonly List<string> _runs = [];
    private SiloProcess[] _silos = [];
    private IHost? _client;
    private int _freezes,
        _hung;

    private IGrainFactory Grains => _client!.Services.GetRequiredService<IGrainFactory>();

    private string RunId => _runs[^1];

    /// <summary>Runs until so many faults have happened, and inspects everything.</summary>
    public async Task<KillResult> RunAsync(int count, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(home);
        _silos = [.. Enumerable.Range(1, Silos).Select(number => new SiloProcess(home, number))];
        foreach (var silo in _silos)
            silo.Start();
        await ConnectAsync(cancellationToken);
        await BeginRunAsync(cancellationToken);
        for (int fault = 1; fault <= count; fault++)
        {
            await PassAsync(TimeSpan.FromSeconds(0.5 + 2.5 * _random.NextDouble()), cancellationToken);
            await BreakAsync(fault, count, cancellationToken);
        }

        await EndRunAsync(cancellationToken);
        return await InspectAsync(count);
    }

    public void Dispose()
    {
        _client?.Dispose();
        foreach (var silo in _silos)
            silo.Dispose();
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
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
                    return true;
                }
            );
        });
        _client = builder.Build();
        await _client.StartAsync(cancellationToken);
    }

    /// <summary>
    /// One fault: a silo is killed or frozen; the next version of the module says that the cluster has recovered.
    /// </summary>
    private async Task BreakAsync(int fault, int count, CancellationToken cancellationToken)
    {
        int before = await VersionAsync(cancellationToken);
        int place = _random.Next(Silos);
        var silo = _silos[place];
        bool freezes = _random.Next(2) == 0;
        var wake = TimeSpan.FromSeconds(1 + 19 * _random.NextDouble());
        long start = Stopwatch.GetTimestamp();
        if (freezes)
            silo.Freeze();
        else
            silo.Kill();
        Task repair = RepairAsync(silo, freezes ? wake : TimeSpan.FromSeconds(1), cancellationToken);
        bool recovered = await UntilAsync(
            async () => await VersionAsync(cancellationToken) > before,
            MaxRecovery,
            cancellationToken
        );
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        _recoveries.Add(seconds);
        if (freezes)
            _freezes++;
        if (!recovered)
            _hung++;
        tell(
            $"{fault}/{count}: silo {place
 + 1} "
                + $"{(freezes ? $"frozen for {wake.TotalSeconds:F0} s" : "killed")}, next version after "
                + $"{seconds:F1} s{(recovered ? "" : ": HUNG")}"
        );
        await repair;
    }

    /// <summary>
    /// What a supervisor does: a process that has ended is started again. A frozen one goes on, and ends when it learns
    /// that it was declared dead.
    /// </summary>
    private async Task RepairAsync(SiloProcess silo, TimeSpan pause, CancellationToken cancellationToken)
    {
        await Task.Delay(pause, cancellationToken);
        silo.Wake();
        await UntilAsync(() => Task.FromResult(!silo.IsRunning), TimeSpan.FromSeconds(3), cancellationToken);
        if (!silo.IsRunning)
            silo.Start();
    }

    /// <summary>
    /// Lets the cluster work; a process that ended by itself is started again, and a finished run is followed by
    /// another.
    /// </summary>
    private async Task PassAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        await Task.Delay(time, cancellationToken);
        foreach (var silo in _silos.Where(silo => !silo.IsRunning))
            silo.Start();
        if (await PhaseAsync(cancellationToken) is RunPhase.Completed)
            await BeginRunAsync(cancellationToken);
    }

    private async Task BeginRunAsync(CancellationToken cancellationToken)
    {
        _runs.Add($"run-{_runs.Count + 1}");
        var settings = new RunSettings
        {
            Data = new DataSource
            {
                Kind = "synthetic",
                TrainPerClass = 8,
                TestPerClass = 4,
                Seed = 1,
            },
            Tasks = 1,
            Seed = seed,
            Legacy = new() { Tasks = 0 },
            Participation = new()
            {
                Nodes = 4,
                RoundDeadline = TimeSpan.FromSeconds(15),
                ShortestWait = TimeSpan.FromSeconds(4),
            },
            Training = new() { Rounds = Rounds, Widths = [4, 4, 4, 4] },
            Merging = new() { Compressor = DenseExchange.Name, MergeRule = "mean" },
            Fitting = new() { CalibrationPerClass = 8 },
        };
        bool isStarted = await UntilAsync(
            async () =>
            {
                await TryAsync(() => Grains.GetGrain<ITrainingRunGrain>(RunId).StartAsync(settings, cancellationToken));
                return await PhaseAsync(cancellationToken) is not (null or RunPhase.Created);
            },
            MaxRecovery,
            cancellationToken
        );
        if (!isStarted)
            throw new InvalidOperationException(
                $"The cluster did not take run {RunId} within {MaxRecovery}; see the logs in {home}."
            );
        tell($"{RunId} begins");
    }

    private async Task EndRunAsync(CancellationToken cancellationToken)
    {
        var longest = Rounds * TimeSpan.FromSeconds(20) + MaxRecovery;
        if (
            !await UntilAsync(
                async () => await PhaseAsync(cancellationToken) is RunPhase.Completed,
                longest,
                cancellationToken
            )
        )
            _hung++;
        tell($"{RunId} ends");
    }

    /// <summary>
    /// Looks at the run, which wakes it wherever its silo died; one that has failed is resumed, as its user would do.
    /// </summary>
    private async Task<RunPhase?> PhaseAsync(CancellationToken cancellationToken)
    {
        RunProgress? progress = null;
        var run = Grains.GetGrain<ITrainingRunGrain>(RunId);
        await TryAsync(async () => progress = await run.GetProgressAsync(long.MaxValue, cancellationToken));
        if (progress?.Phase is not RunPhase.Failed)
            return progress?.Phase;
        tell($"{RunId} failed and is resumed: {progress.Error}");
        await TryAsync(() => run.ResumeAsync(cancellationToken));
        return progress.Phase;
    }

    private async Task<int> VersionAsync(CancellationToken cancellationToken)
    {
        if (await PhaseAsync(cancellationToken) is RunPhase.Completed)
            await BeginRunAsync(cancellationToken);
        int version = 0;
        await TryAsync(async () =>
            version =
                (await Grains.GetGrain<IExpertModuleGrain>($"{RunId}/expert-1").GetSnapshotAsync(cancellationToken))
                    ?.Current
                    .Number
                ?? 0
        );
        return _runs.Count * 1000 + version;
    }

    private static async Task TryAsync(Func<Task> call)
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

    private static async Task<bool> UntilAsync(
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

    /// <summary>
    /// Compares what was accepted with what the versions name, and what they name with their weights.
    /// </summary>
    private async Task<KillResult> InspectAsync(int count)
    {
        var accepted = Directory.GetFiles(home, "accepted-*.log").SelectMany(File.ReadAllLines).ToHashSet();
        var store = new FolderWeightStore(new SiloStorageOptions(home).WeightsPath);
        int lost = 0,
            twice = 0,
            wrong = 0,
            versions = 0;
        HashSet<string> counted = [];
        foreach (string run in _runs)
        {
            var history = await Grains.GetGrain<IExpertModuleGrain>($"{run}/expert-1").GetHistoryAsync();
            versions += history.Count - 1;
            double[] expected = [];
            foreach (var version in history)
            {
                using var weights = WeightCodec.Decode(await store.GetAsync(version.Digest));
                float[] actual = weights[IntegerWork.Counter].data<float>().ToArray();
                expected = expected.Length == 0 ? new double[actual.Length] : expected;
                foreach (var contribution in version.Contributions)
                {
                    if (!counted.Add($"{run} {contribution.NodeId} {version.Round}"))
                        twice++;
                    int node =
                        int.Parse(contribution.NodeId.Split('-')[^1], System.Globalization.CultureInfo.InvariantCulture)
                        - 1;
                    expected[node] += (double)IntegerWork.Unit / version.Contributions.Length;
                    expected[^1] +=
                        (double)IntegerWork.Unit * (version.Round!.Value + 1) / version.Contributions.Length;
                }

                if (!actual.SequenceEqual(expected.Select(value => (float)value)))
                    wrong++;
            }
        }

        lost = accepted.Count(entry => !counted.Contains(entry));
        double[] sorted = [.. _recoveries.Order()];
        return new KillResult(
            count,
            lost,
            twice,
            _hung,
            Percentile(sorted, 0.5),
            Percentile(sorted, 0.99),
            versions,
            accepted.Count,
            wrong,
            _freezes,
            sorted
        );
    }

    private static double Percentile(double[] sorted, double share) =>
        sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)Math.Ceiling(share * sorted.Length) - 1)];
}
