using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Tensors;
using Dmkd.Grains.Runs.Rounds;
using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace Dmkd.Chaos.Killing;

/// <summary>
/// Three silo processes, runs of four nodes on them, and faults in the phases that a plan says. Every other run waits
/// for all of its nodes: whatever happens to it, it must come to what an undisturbed run comes to.
/// </summary>
internal sealed class KillRun(string home, int seed, Action<string> tell) : IDisposable
{
    /// <summary>Number of silos.</summary>
    public const int Silos = 3;

    private const int Tasks = 2,
        Rounds = 4;
    private static readonly TimeSpan MaxRecovery = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(50);

    private readonly Random _random = new(seed);
    private readonly List<double> _recoveries = [];
    private readonly List<string> _runs = [];
    private readonly HashSet<string> _waiting = [];
    private SiloProcess[] _silos = [];
    private IHost? _client;
    private int _hung;

    private IGrainFactory Grains => _client!.Services.GetRequiredService<IGrainFactory>();

    private string RunId => _runs[^1];

    /// <summary>Runs until all faults have happened, and inspects everything.</summary>
    public async Task<KillResult> RunAsync(IReadOnlyList<PlannedKill> plan, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(home);
        _silos = [.. Enumerable.Range(1, Silos).Select(number => new SiloProcess(home, number))];
        foreach (var silo in _silos)
            silo.Start();
        await ConnectAsync(cancellationToken);
        await BeginRunAsync(cancellationToken);
        foreach (var (number, fault) in plan.Index())
        {
            bool isThere = await UntilInAsync(fault.Phase, cancellationToken);
            if (!isThere)
                _hung++;
            tell($"{number + 1}/{plan.Count}: {await BreakAsync(fault, cancellationToken)}");
        }

        await EndRunAsync(cancellationToken);
        await BeginRunAsync(cancellationToken, waitsForAll: true);
        await EndRunAsync(cancellationToken);
        return await InspectAsync(plan);
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

    /// <summary>Waits until the run, or one after it, is in a phase.</summary>
    private Task<bool> UntilInAsync(RunPhase phase, CancellationToken cancellationToken) =>
        UntilAsync(
            async () =>
            {
                foreach (var silo in _silos.Where(silo => !silo.IsRunning))
                    silo.Start();
                var progress = await ProgressAsync(cancellationToken);
                if (progress?.Phase is RunPhase.Completed)
                    await BeginRunAsync(cancellationToken);
                return progress?.Phase == phase;
            },
            2 * MaxRecovery,
            cancellationToken
        );

    /// <summary>One fault; the next step of the run says that the cluster has recovered.</summary>
    /// <returns>What was done, and what came of it.</returns>
    private async Task<string> BreakAsync(PlannedKill fault, CancellationToken cancellationToken)
    {
        string run = RunId;
        var before = await ProgressAsync(cancellationToken);
        var silo = _silos[fault.Silo];
        var wake = TimeSpan.FromSeconds(1 + 19 * _random.NextDouble());
        long start = Stopwatch.GetTimestamp();
        Do(fault.Kind, silo);
        bool freezes = fault.Kind is KillKind.Freeze;
        Task repair = RepairAsync(silo, freezes ? wake : TimeSpan.FromSeconds(1), cancellationToken);
        bool recovered = await UntilAsync(
            async () => await ProgressAsync(cancellationToken) is { } now && HasMoved(before, now),
            MaxRecovery,
            cancellationToken
        );
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        _recoveries.Add(seconds);
        if (!recovered)
            _hung++;
        await repair;
        string what = freezes ? $"frozen for {wake.TotalSeconds:F0} s" : $"{fault.Kind}";
        var phase = before?.Phase ?? fault.Phase;
        return $"silo {fault.Silo + 1} {what} in {phase} of {run}, next step after {seconds:F1} s"
            + (recovered ? "" : ": HUNG");
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

    private static bool HasMoved(RunProgress? before, RunProgress now) =>
        now.Phase is not RunPhase.Failed
        && (before is null || (now.Phase, now.Task, now.Round) != (before.Phase, before.Task, before.Round));

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

    /// <summary>Begins the next run. The first waits for all, and so does every other.</summary>
    private async Task BeginRunAsync(CancellationToken cancellationToken, bool waitsForAll = false)
    {
        waitsForAll |= _runs.Count % 2 == 0;
        _runs.Add($"run-{_runs.Count + 1}");
        if (waitsForAll)
            _waiting.Add(RunId);
        var longest = TimeSpan.FromMinutes(10);
        var settings = new RunSettings
        {
            Data = new DataSource
            {
                Kind = "synthetic",
                TrainPerClass = 8,
                TestPerClass = 4,
                Seed = 1,
            },
            Tasks = Tasks,
            Seed = seed,
            Legacy = new() { Tasks = 0 },
            Participation = new()
            {
                Nodes = 4,
                Quorum = waitsForAll ? 1 : 0.5,
                RoundDeadline = waitsForAll ? longest : TimeSpan.FromSeconds(15),
                ShortestWait = waitsForAll ? longest : TimeSpan.FromSeconds(4),
            },
            Training = new() { Rounds = Rounds, Widths = [4, 4, 4, 4] },
            Merging = new() { Compressor = DenseExchange.Name, MergeRule = "mean" },
            Fitting = new() { CalibrationPerClass = 8 },
        };
        bool isStarted = await UntilAsync(
            async () =>
            {
                await TryAsync(() => Grains.GetGrain<ITrainingRunGrain>(RunId).StartAsync(settings, cancellationToken));
                return await ProgressAsync(cancellationToken) is { Phase: not RunPhase.Created };
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
        var longest = Tasks * Rounds * TimeSpan.FromSeconds(20) + MaxRecovery;
        bool ended = await UntilAsync(
            async () => await ProgressAsync(cancellationToken) is { Phase: RunPhase.Completed },
            longest,
            cancellationToken
        );
        if (!ended)
            _hung++;
        tell($"{RunId} {(ended ? "ends" : "does not end: HUNG")}");
    }

    /// <summary>
    /// Looks at the run, which wakes it wherever its silo died; one that has failed is resumed, as its user would do.
    /// </summary>
    private async Task<RunProgress?> ProgressAsync(CancellationToken cancellationToken)
    {
        RunProgress? progress = null;
        var run = Grains.GetGrain<ITrainingRunGrain>(RunId);
        await TryAsync(async () => progress = await run.GetProgressAsync(long.MaxValue, cancellationToken));
        if (progress?.Phase is not RunPhase.Failed)
            return progress;
        tell($"{RunId} failed and is resumed: {progress.Error}");
        await TryAsync(() => run.ResumeAsync(cancellationToken));
        return progress;
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
    private async Task<KillResult> InspectAsync(IReadOnlyList<PlannedKill> plan)
    {
        var accepted = Directory.GetFiles(home, "accepted-*.log").SelectMany(File.ReadAllLines).ToHashSet();
        var store = new FolderWeightStore(new SiloStorageOptions(home).WeightsPath);
        int lost = 0,
            twice = 0,
            wrong = 0,
            versions = 0;
        HashSet<string> counted = [];
        foreach (string run in _runs)
        foreach (string module in Modules(run))
        {
            var history = await Grains.GetGrain<IExpertModuleGrain>(module).GetHistoryAsync();
            versions += history.Count - 1;
            double[] expected = [];
            foreach (var version in history)
            {
                using var weights = WeightCodec.Decode(await store.GetAsync(version.Digest));
                float[] actual = weights[IntegerWork.Counter].data<float>().ToArray();
                expected = expected.Length == 0 ? new double[actual.Length] : expected;
                foreach (var contribution in version.Contributions)
                {
                    if (!counted.Add($"{module} {contribution.NodeId} {version.Round}"))
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
        string[] compared = [.. _runs.SkipLast(1).Where(_waiting.Contains)];
        return new KillResult(
            plan.Count,
            lost,
            twice,
            _hung,
            Percentile(sorted, 0.5),
            Percentile(sorted, 0.99),
            versions,
            accepted.Count,
            wrong,
            plan.Count(fault => fault.Kind is KillKind.Freeze),
            plan.Count(fault => fault.Kind is KillKind.Terminate),
            plan.CountBy(fault => $"{fault.Phase}").ToDictionary(),
            compared.Length,
            await DifferingAsync(compared),
            sorted
        );
    }

    private static IEnumerable<string> Modules(string run) =>
        Enumerable.Range(0, Tasks).Select(task => ModuleDescriptor.KeyOf(run, RunRules.ModuleName(task)));

    /// <summary>How many runs came to something else than the last one, which nobody disturbed.</summary>
    private async Task<int> DifferingAsync(string[] runs)
    {
        string[] expected = await OutcomeAsync(RunId);
        int differing = 0;
        foreach (string run in runs)
        {
            string[] actual = await OutcomeAsync(run);
            var differences = actual.Zip(expected).Where(pair => pair.First != pair.Second).ToArray();
            foreach (var (line, wanted) in differences)
                tell($"{run}: {line}; undisturbed: {wanted}");
            if (differences.Length > 0 || actual.Length != expected.Length)
                differing++;
        }

        return differing;
    }

    /// <summary>Everything a run decides, line by line, without its name.</summary>
    private async Task<string[]> OutcomeAsync(string run)
    {
        List<string> lines = [];
        foreach (string key in Modules(run))
        {
            var module = Grains.GetGrain<IExpertModuleGrain>(key);
            foreach (var version in await module.GetHistoryAsync())
                lines.Add($"version {version.Number}: {version.Digest} {version.Metrics}");
            lines.Add($"entropy: {(await module.GetSnapshotAsync())?.Specialization}");
        }

        var gate = await Grains.GetGrain<IModuleCatalogGrain>(run).GetGateAsync();
        lines.Add($"gate: {gate?.Parameters.Digest} of {string.Join(' ', gate?.Modules ?? [])}");
        var report = await Grains.GetGrain<ITrainingRunGrain>(run).GetReportAsync();
        lines.Add($"class-incremental: {JsonSerializer.Serialize(report?.ClassIncremental)}");
        lines.Add($"task-incremental: {JsonSerializer.Serialize(report?.TaskIncremental)}");
        lines.Add($"f1: {report?.MacroF1:R}, found: {report?.TaskDetectionRate:R}");
        return [.. lines];
    }

    private static double Percentile(double[] sorted, double share) =>
        sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)Math.Ceiling(share * sorted.Length) - 1)];
}
