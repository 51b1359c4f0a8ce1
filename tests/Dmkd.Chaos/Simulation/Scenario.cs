using Dmkd.Contracts.Settings;
using Dmkd.Core.Merging.Exchanges;

namespace Dmkd.Chaos.Simulation;

/// <summary>A run and what goes wrong in it, drawn from a seed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Settings">The run.</param>
/// <param name="Faults">What goes wrong.</param>
/// <param name="Slowness">Factor on the training time of each node.</param>
/// <param name="WaitsForAll">Whether every round waits for all: such a run must end with the digests of an undisturbed
/// one.</param>
/// <param name="BadMerges">Share of merges that make the module worse.</param>
/// <param name="Moves">Whether nodes leave and return.</param>
internal sealed record Scenario(
    int Seed,
    RunSettings Settings,
    Faults Faults,
    double[] Slowness,
    bool WaitsForAll,
    double BadMerges,
    bool Moves
)
{
    /// <summary>Draws a scenario.</summary>
    public static Scenario Draw(int seed)
    {
        Random random = new(seed);
        bool waitsForAll = random.Next(2) == 0;
        int nodes = random.Next(1, 6);
        var longest = TimeSpan.FromHours(waitsForAll ? 10 : 0) + TimeSpan.FromSeconds(random.Next(20, 60));
        // In this order, so that a seed stays the scenario that it was.
        var training = new TrainingSettings { Rounds = random.Next(2, 6) };
        var merging = new MergingSettings
        {
            MergeEvery = random.Next(4) == 0 ? 2 : 1,
            Compressor = random.Next(3) == 0 ? PowerSgdExchange.Name : SvdExchange.Name,
            ErrorFeedback = true,
        };
        var participation = new ParticipationSettings
        {
            Nodes = nodes,
            Quorum = waitsForAll
                ? 1
                : random.Next(3) switch
                {
                    0 => 0.34,
                    1 => 0.5,
                    _ => 0.8,
                },
            Holders = !waitsForAll && random.Next(4) == 0 ? random.Next(1, nodes + 1) : 0,
            Share = !waitsForAll && random.Next(4) == 0 ? 0.6 : 1,
            RoundDeadline = longest,
            ShortestWait = waitsForAll ? longest : TimeSpan.FromSeconds(random.Next(3, 12)),
        };
        var settings = new RunSettings
        {
            Data = new DataSource { Kind = "synthetic", Seed = 1 },
            Tasks = 1,
            Legacy = new() { Tasks = 0 },
            Training = training,
            Merging = merging with { MaxDrop = !waitsForAll && random.Next(4) == 0 ? 0.05 : null },
            Participation = participation,
            Seed = seed,
        };
        var faults = new Faults
        {
            Lost = Some(0.08),
            Duplicate = Some(0.1),
            MaxDelay = random.Next(2) == 0 ? 0.05 : 3,
            WriteFails = waitsForAll ? 0 : Some(0.04),
            DiesAtWrite = Some(0.06),
            MeanTimeBetweenDeaths = random.Next(2) == 0 ? 0 : 5 + 40 * random.NextDouble(),
            MeanTimeBetweenFreezes = random.Next(2) == 0 ? 0 : 5 + 40 * random.NextDouble(),
            Until = 50 + 150 * random.NextDouble(),
        };
        double[] slowness =
        [
            .. Enumerable.Range(0, nodes).Select(_ => random.Next(6) == 0 ? 1 + 10 * random.NextDouble() : 1),
        ];
        return new Scenario(
            seed,
            settings,
            faults,
            slowness,
            waitsForAll,
            settings.Merging.MaxDrop is null ? 0 : 0.3,
            !waitsForAll && random.Next(4) == 0
        );

        double Some(double most) => random.Next(3) == 0 ? 0 : most * random.NextDouble();
    }
}
