using System.Diagnostics;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Merging.Exchanges;

namespace Dmkd.Chaos.Killing;

/// <summary>
/// Three silo processes, runs of four nodes on them, and faults in the phases that a plan says. Every other run waits
/// for all of its nodes: whatever happens to it, it must come to what an undisturbed run comes to.
/// </summary>
internal sealed class KillRun(string home, int seed, Action<string> tell) : IDisposable
{
    private const int Rounds = 4;

    private readonly KillCluster _cluster = new(home);
    private readonly Random _random = new(seed);
    private readonly List<double> _recoveries = [];
    private readonly List<string> _runs = [];
    private readonly HashSet<string> _waiting = [];
    private int _hung;

    private string RunId => _runs[^1];

    /// <summary>Runs until all faults have happened, and inspects everything.</summary>
    public async Task<KillResult> RunAsync(IReadOnlyList<PlannedKill> plan, CancellationToken cancellationToken)
    {
        await _cluster.ConnectAsync(cancellationToken);
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

    public void Dispose() => _cluster.Dispose();

    /// <summary>Waits until the run, or one after it, is in a phase.</summary>
    private Task<bool> UntilInAsync(RunPhase phase, CancellationToken cancellationToken) =>
        KillCluster.UntilAsync(
            async () =>
            {
                _cluster.StartMissing();
                var progress = await ProgressAsync(cancellationToken);
                if (progress?.Phase is RunPhase.Completed)
                    await BeginRunAsync(cancellationToken);
                return progress?.Phase == phase;
            },
            2 * KillCluster.MaxRecovery,
            cancellationToken
        );

    /// <summary>One fault; the next step of the run says that the cluster has recovered.</summary>
    /// <returns>What was done, and what came of it.</returns>
    private async Task<string> BreakAsync(PlannedKill fault, CancellationToken cancellationToken)
    {
        string run = RunId;
        var before = await ProgressAsync(cancellationToken);
        var wake = TimeSpan.FromSeconds(1 + 19 * _random.NextDouble());
        long start = Stopwatch.GetTimestamp();
        var repair = _cluster.BreakAsync(fault, wake, cancellationToken);
        bool recovered = await KillCluster.UntilAsync(
            async () => await ProgressAsync(cancellationToken) is { } now && HasMoved(before, now),
            KillCluster.MaxRecovery,
            cancellationToken
        );
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        _recoveries.Add(seconds);
        if (!recovered)
            _hung++;
        await repair;
        string what = fault.Kind is KillKind.Freeze ? $"frozen for {wake.TotalSeconds:F0} s" : $"{fault.Kind}";
        var phase = before?.Phase ?? fault.Phase;
        return $"silo {fault.Silo + 1} {what} in {phase} of {run}, next step after {seconds:F1} s"
            + (recovered ? "" : ": HUNG");
    }

    private static bool HasMoved(RunProgress? before, RunProgress now) =>
        now.Phase is not RunPhase.Failed
        && (before is null || (now.Phase, now.Task, now.Round) != (before.Phase, before.Task, before.Round));

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
            Tasks = KillInspection.Tasks,
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
        bool isStarted = await KillCluster.UntilAsync(
            async () =>
            {
                await KillCluster.TryAsync(() =>
                    _cluster.Grains.GetGrain<ITrainingRunGrain>(RunId).StartAsync(settings, cancellationToken)
                );
                return await ProgressAsync(cancellationToken) is { Phase: not RunPhase.Created };
            },
            KillCluster.MaxRecovery,
            cancellationToken
        );
        if (!isStarted)
            throw new InvalidOperationException(
                $"The cluster did not take run {RunId} within {KillCluster.MaxRecovery}; see the logs in {home}."
            );
        tell($"{RunId} begins");
    }

    private async Task EndRunAsync(CancellationToken cancellationToken)
    {
        var longest = KillInspection.Tasks * Rounds * TimeSpan.FromSeconds(20) + KillCluster.MaxRecovery;
        bool ended = await KillCluster.UntilAsync(
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
        var run = _cluster.Grains.GetGrain<ITrainingRunGrain>(RunId);
        await KillCluster.TryAsync(async () => progress = await run.GetProgressAsync(long.MaxValue, cancellationToken));
        if (progress?.Phase is not RunPhase.Failed)
            return progress;
        tell($"{RunId} failed and is resumed: {progress.Error}");
        await KillCluster.TryAsync(() => run.ResumeAsync(cancellationToken));
        return progress;
    }

    private async Task<KillResult> InspectAsync(IReadOnlyList<PlannedKill> plan)
    {
        var inspection = new KillInspection(_cluster, _runs, tell);
        await inspection.RunAsync();
        double[] sorted = [.. _recoveries.Order()];
        string[] compared = [.. _runs.SkipLast(1).Where(_waiting.Contains)];
        return new KillResult(
            plan.Count,
            inspection.Lost,
            inspection.CountedTwice,
            _hung,
            Percentile(sorted, 0.5),
            Percentile(sorted, 0.99),
            inspection.Versions,
            inspection.Accepted,
            inspection.WrongWeights,
            plan.Count(fault => fault.Kind is KillKind.Freeze),
            plan.Count(fault => fault.Kind is KillKind.Terminate),
            plan.CountBy(fault => $"{fault.Phase}").ToDictionary(),
            compared.Length,
            await inspection.DifferingAsync(compared),
            sorted
        );
    }

    private static double Percentile(double[] sorted, double share) =>
        sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)Math.Ceiling(share * sorted.Length) - 1)];
}
