using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;

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
        var json = new Option<bool>("--json") { Description = "Print one JSON document" };
        var command = new Command(
            "simulate",
            "Runs the round protocol under simulated faults; any seed that fails replays by its number"
        )
        {
            seeds,
            seed,
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

            var result = Run(first, count);
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
    public static SimulationResult Run(int first, int count)
    {
        var clock = Stopwatch.StartNew();
        var failing = new ConcurrentDictionary<int, IReadOnlyList<string>>();
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
                var violations = Inspection.Violations(first + index);
                if (violations.Count > 0)
                    failing[first + index] = violations;
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
        );
}
