using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dmkd.Chaos.Simulation;

/// <summary><c>simulate</c>: many seeds, each a run under other faults.</summary>
internal static class SimulateCommand
{
    private const int MaxShown = 20;
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var seeds = new Option<int>("--seeds") { Description = "Number of seeds", DefaultValueFactory = _ => 10_000 };
        var seed = new Option<int?>("--seed")
        {
            Description = "Runs this seed alone, or starts with it when --seeds is given too",
        };
        var preservations = new Option<bool>("--preservations")
        {
            Description = "Simulate preservations of legacy models in place of runs",
        };
        var json = new Option<bool>("--json") { Description = "Print one JSON document" };
        var command = new Command(
            "simulate",
            "Runs the round protocol, or preservations, under simulated faults; any seed that fails replays by its number"
        )
        {
            seeds,
            seed,
            preservations,
            json,
        };
        command.SetAction(parsed =>
        {
            int first = parsed.GetValue(seed) ?? 1;
            int count =
                parsed.GetValue(seed) is not null && parsed.GetResult(seeds) is not { Implicit: false }
                    ? 1
                    : parsed.GetValue(seeds);
            if (count < 1)
            {
                Console.Error.WriteLine($"--seeds must be at least 1, not {count}.");
                return 2;
            }

            var result = Run(first, count, parsed.GetValue(preservations));
            if (parsed.GetValue(json))
                Console.WriteLine(JsonSerializer.Serialize(result, Web));
            else
                Show(result);
            foreach (var (failing, violations) in result.Details.Take(MaxShown))
            foreach (string violation in violations)
                Console.Error.WriteLine($"seed {failing}: {violation}");
            return result.Violations == 0 ? 0 : 1;
        });
        return command;
    }

    /// <summary>
    /// Runs seeds, on all cores: worlds share nothing. On threads of its own: a silo beside it needs those of the pool.
    /// </summary>
    public static SimulationResult Run(int first, int count, bool preservations = false)
    {
        var clock = Stopwatch.StartNew();
        var failing = new ConcurrentDictionary<int, IReadOnlyList<string>>();
        var hits = new ConcurrentDictionary<string, int>();
        int taken = 0;
        Task.WaitAll(
            Enumerable
                .Range(0, Environment.ProcessorCount)
                .Select(_ =>
                    Task.Factory.StartNew(
                        InspectSeeds,
                        CancellationToken.None,
                        TaskCreationOptions.LongRunning,
                        TaskScheduler.Default
                    )
                )
        );
        return new SimulationResult(
            count,
            failing.Values.Sum(violations => violations.Count),
            [.. failing.Keys.Order()],
            count / clock.Elapsed.TotalSeconds,
            hits.OrderBy(pair => pair.Key).ToDictionary(),
            [.. failing.OrderBy(pair => pair.Key).Select(pair => (pair.Key, pair.Value))]
        );

        void InspectSeeds()
        {
            for (
                int index = Interlocked.Increment(ref taken) - 1;
                index < count;
                index = Interlocked.Increment(ref taken) - 1
            )
            {
                int seed = first + index;
                var inspected = preservations ? PreservationInspection.Inspect(seed) : Inspection.Inspect(seed);
                foreach (var (what, times) in inspected.Hits)
                    hits.AddOrUpdate(what, times, (_, known) => known + times);
                if (inspected.Violations.Count > 0)
                    failing[seed] = inspected.Violations;
            }
        }
    }

    private static void Show(SimulationResult result) =>
        Console.WriteLine(
            $"{result.Seeds:N0} seeds, {result.Violations:N0} violations, {result.SeedsPerSecond:F0} seeds per second"
                + (
                    result.FailingSeeds.Length == 0
                        ? ""
                        : $"; failing: {string.Join(", ", result.FailingSeeds.Take(MaxShown))}"
                )
                + string.Concat(result.Hits.Select(hit => $"\n{hit.Value, 8:N0} {hit.Key}"))
        );
}

/// <summary>What many seeds did.</summary>
/// <param name="Seeds">Number of seeds.</param>
/// <param name="Violations">Number of violations, over all seeds.</param>
/// <param name="FailingSeeds">Seeds with a violation.</param>
/// <param name="SeedsPerSecond">Speed.</param>
/// <param name="Hits">What was done to the actors under test in which stage, and how often.</param>
/// <param name="Details">Violations of the failing seeds.</param>
internal sealed record SimulationResult(
    int Seeds,
    int Violations,
    int[] FailingSeeds,
    double SeedsPerSecond,
    IReadOnlyDictionary<string, int> Hits,
    [property: JsonIgnore] IReadOnlyList<(int Seed, IReadOnlyList<string> Violations)> Details
);
