namespace Dmkd.Core.Routing;

/// <summary>
/// The gates by name, and the calibrations of the gate <c>evidence</c>, each of which is a gate of its own.
/// </summary>
public static class GateCatalog
{
    private static readonly (string Name, Func<GateOptions, IGate> Create)[] Gates =
    [
        (EvidenceGate.GateName, Calibrated),
        (EntropyGate.GateName, _ => new EntropyGate()),
        (NetworkGate.GateName, _ => new NetworkGate()),
        (MlpGate.GateName, options => new MlpGate(options)),
        (HybridGate.GateName, options => new HybridGate(options)),
        (OracleGate.GateName, options => new OracleGate(options.Score)),
    ];

    private static readonly (string Name, Func<GateOptions, IGate> Create)[] Evidence =
    [
        (EvidenceGate.NoCalibration, options => new EvidenceGate(options.Score)),
        (AffineGate.CalibrationName, options => new AffineGate(options.Score)),
        (DiscriminantGate.CalibrationName, options => new DiscriminantGate(options.Score)),
    ];

    /// <summary>The control that knows the task of a test image: only the evaluation of a run has it.</summary>
    public const string Oracle = OracleGate.GateName;

    /// <summary>Gates that a library can route by.</summary>
    public static IReadOnlyList<string> Names { get; } = NamesWithout(GateNeeds.Task);

    /// <summary>Gates of a run: its library has no gate network, and its evaluation knows the tasks.</summary>
    public static IReadOnlyList<string> NamesForRuns { get; } = NamesWithout(GateNeeds.GateNetwork);

    /// <summary>Gates of libraries, for settings.</summary>
    public static Registry OfLibraries { get; } = new("gate", Names);

    /// <summary>Gates of runs, for settings.</summary>
    public static Registry OfRuns { get; } = new("gate of a run", NamesForRuns);

    /// <summary>Calibrations of the gate <c>evidence</c>.</summary>
    public static IReadOnlyList<string> Calibrations { get; } = [.. Evidence.Select(entry => entry.Name)];

    /// <summary>What a gate of a name needs, without calibration.</summary>
    /// <exception cref="ArgumentException">No gate has the name; the message says which there are.</exception>
    public static GateNeeds NeedsOf(string gate) => Create(new GateOptions(gate)).Needs;

    /// <summary>What is wrong with a gate and a calibration together; null when nothing is.</summary>
    public static string? ProblemOf(string gate, string calibration)
    {
        if (!Calibrations.Contains(calibration))
            return $"Calibration must be one of {string.Join(", ", Calibrations)}, not '{calibration}'.";
        if (calibration != EvidenceGate.NoCalibration && gate != EvidenceGate.GateName)
            return $"Calibration '{calibration}' is for the gate '{EvidenceGate.GateName}', not '{gate}'.";
        return null;
    }

    /// <summary>Makes a gate, not fitted yet.</summary>
    /// <exception cref="ArgumentException">No gate or calibration has the name, or they do not go together; the message
    /// says what there is.</exception>
    public static IGate Create(GateOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        foreach (var (name, create) in Gates)
        {
            if (name != options.Gate)
                continue;
            if (ProblemOf(options.Gate, options.Calibration) is { } problem)
                throw new ArgumentException(problem, nameof(options));
            return create(options);
        }

        throw new ArgumentException(
            $"There is no gate '{options.Gate}'; there are: {string.Join(", ", Names)}.",
            nameof(options)
        );
    }

    private static IGate Calibrated(GateOptions options) =>
        Evidence.First(entry => entry.Name == options.Calibration).Create(options);

    private static string[] NamesWithout(GateNeeds need) =>
        [
            .. Gates
                .Where(entry => !entry.Create(new GateOptions(entry.Name)).Needs.HasFlag(need))
                .Select(entry => entry.Name),
        ];
}

/// <summary>Which gate, and how it is made and fitted.</summary>
/// <param name="Gate">Its name.</param>
/// <param name="Calibration">What makes the evidence of different experts comparable; for <c>evidence</c>.</param>
/// <param name="Score">How class scores become evidence.</param>
/// <param name="SpecializationWeight">The proposal's β, at least 0: routing will add -β·H_k to each score, and a fit
/// knows it.</param>
/// <param name="Seed">Seed of a fit's first weights.</param>
public sealed record GateOptions(
    string Gate,
    string Calibration = EvidenceGate.NoCalibration,
    EvidenceScore Score = EvidenceScore.MaxLogit,
    double SpecializationWeight = 0,
    int Seed = 0
);
