using Dmkd.Contracts.Settings;
using Dmkd.Core.Merging.Exchanges;

namespace Dmkd.Chaos.Simulation;

/// <summary>Runs and what goes wrong in them, drawn from a seed.</summary>
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
    /// <summary>The id of the run.</summary>
    public const string RunId = "run";

    /// <summary>The id of the other run.</summary>
    public const string OtherId = "other";

    /// <summary>A second run; null for none. One that takes over experts begins when the first has ended.</summary>
    public RunSettings? Other { get; init; }

    /// <summary>
    /// Whether nothing worse happens than silos that end or die, one at a time, and are back within seconds: with
    /// default waits and a quorum of a half such a run must end as if nothing had happened, too.
    /// </summary>
    public bool IsMild { get; init; }

    /// <summary>
    /// Whether nothing may differ from an undisturbed run. Between merges a node whose work fails goes on alone, and a
    /// store that has lost weights or takes nothing makes it fail; and a merge that must not make a module worse is
    /// refused when nobody can read it. Then it may.
    /// </summary>
    public bool MayChangeNothing
    {
        get
        {
            bool losesBlob = Faults.BlobLostAt > 0;
            bool losesWork = Settings.Merging.MergeEvery > 1 && (losesBlob || Faults.FullFrom > 0);
            bool losesMerge = Settings.Merging.MaxDrop is not null && losesBlob;
            return IsMild || (WaitsForAll && !losesWork && !losesMerge);
        }
    }

    /// <summary>Draws a scenario.</summary>
    public static Scenario Draw(int seed)
    {
        Random random = new(seed);
        bool waitsForAll = random.Next(2) == 0;
        bool isMild = !waitsForAll && random.Next(3) == 0;
        int tasks = random.Next(3) == 0 ? 2 : 1;
        var settings = new RunSettings
        {
            Data = new DataSource
            {
                Kind = "synthetic",
                TrainPerClass = 8,
                TestPerClass = 1,
                Seed = 1,
            },
            Tasks = tasks,
            Legacy = new() { Tasks = random.Next(6) == 0 ? 1 : 0 },
            Training = new TrainingSettings
            {
                Rounds = random.Next(1, 6 - tasks),
                StartFrom = random.Next(3) == 0 ? "similar" : "previous",
            },
            Merging = Merging(random, waitsForAll || isMild),
            Participation = Participation(random, waitsForAll, isMild),
            Seed = seed,
        };
        settings = Routed(settings, random.Next(3));
        int nodes = settings.Participation.Nodes;
        double[] slowness =
        [
            .. Enumerable
                .Range(0, nodes)
                .Select(_ => isMild || random.Next(6) > 0 ? 1 : 1 + (10 * random.NextDouble())),
        ];
        return new Scenario(
            seed,
            settings,
            isMild ? Faults.DrawMild(random) : Faults.Draw(random),
            slowness,
            waitsForAll,
            settings.Merging.MaxDrop is null ? 0 : 0.3,
            !waitsForAll && !isMild && random.Next(4) == 0
        )
        {
            Other = OtherOf(settings, random),
            IsMild = isMild,
        };
    }

    private static MergingSettings Merging(Random random, bool isPlain) =>
        new()
        {
            MergeEvery = random.Next(4) == 0 ? 2 : 1,
            Compressor = random.Next(3) == 0 ? PowerSgdExchange.Name : SvdExchange.Name,
            ErrorFeedback = true,
            ReestimateBatchNorm = random.Next(3) == 0,
            MaxDrop = random.Next(isPlain ? 8 : 4) == 0 ? 0.05 : null,
        };

    private static ParticipationSettings Participation(Random random, bool waitsForAll, bool isMild)
    {
        int nodes = random.Next(1, 6);
        if (isMild)
            return new ParticipationSettings { Nodes = nodes };
        var longest = TimeSpan.FromHours(waitsForAll ? 10 : 0) + TimeSpan.FromSeconds(random.Next(20, 60));
        double[] quorums = waitsForAll ? [1] : [0.34, 0.5, 0.8];
        return new ParticipationSettings
        {
            Nodes = nodes,
            Quorum = quorums[random.Next(quorums.Length)],
            Holders = random.Next(4) == 0 ? random.Next(1, nodes + 1) : 0,
            Share = random.Next(4) == 0 ? 0.6 : 1,
            RoundDeadline = longest,
            ShortestWait = waitsForAll ? longest : TimeSpan.FromSeconds(random.Next(3, 12)),
        };
    }

    /// <summary>Routed without a fit, by what exemplars tell, or by moments.</summary>
    private static RunSettings Routed(RunSettings settings, int way)
    {
        string[] calibrations = ["none", "affine", "discriminant"];
        return settings with
        {
            Routing = new RoutingSettings("evidence", 1, 0),
            Fitting = new FittingSettings { Calibration = calibrations[way], Exemplars = way == 1 ? 40 : 0 },
        };
    }

    private static RunSettings? OtherOf(RunSettings settings, Random random) =>
        random.Next(6) switch
        {
            0 => settings with { Seed = settings.Seed + 1, Training = settings.Training with { Rounds = 1 } },
            1 when settings.Training.StartFrom != "similar" => Routed(settings, random.Next(3)) with
            {
                ExpertsOf = RunId,
            },
            _ => null,
        };
}
