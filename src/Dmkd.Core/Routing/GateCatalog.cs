namespace Dmkd.Core.Routing;

/// <summary>The gates by name.</summary>
public static class GateCatalog
{
    /// <summary>The control that knows the task of a test image: only the evaluation of a run has it.</summary>
    public const string Oracle = "oracle";

    /// <summary>Gates that a library can route by.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [EvidenceGate.GateName, EntropyGate.GateName, NetworkGate.GateName, ScorerGate.MlpName, ScorerGate.HybridName];

    /// <summary>Gates of a run: its library has no gate network, and its evaluation knows the tasks.</summary>
    public static IReadOnlyList<string> NamesForRuns { get; } = [.. Names.Where(name => name != NetworkGate.GateName), Oracle];

    /// <summary>Gates of libraries, for settings.</summary>
    public static Registry OfLibraries { get; } = new("gate", Names);

    /// <summary>Gates of runs, for settings.</summary>
    public static Registry OfRuns { get; } = new("gate of a run", NamesForRuns);

    /// <summary>Makes a gate.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="score">How class scores become evidence; for <c>evidence</c>.</param>
    /// <param name="scorer">The fitted MLP; needed by <c>mlp</c> and <c>hybrid</c>.</param>
    /// <exception cref="ArgumentException">No gate has the name, or its MLP is missing; the message says what there is.</exception>
    public static IGate Create(string name, EvidenceScore score = EvidenceScore.MaxLogit, PairScorer? scorer = null) => name switch
    {
        EvidenceGate.GateName => new EvidenceGate(score),
        EntropyGate.GateName => new EntropyGate(),
        NetworkGate.GateName => new NetworkGate(),
        ScorerGate.MlpName or ScorerGate.HybridName => new ScorerGate(
            name, scorer ?? throw new ArgumentException($"The gate '{name}' is fitted to exemplars, and here it was not.", nameof(scorer))),
        Oracle => throw new ArgumentException(
            $"The gate '{Oracle}' knows the task of a test image: only the evaluation of a run has it. A library routes by: {string.Join(", ", Names)}.", nameof(name)),
        _ => throw new ArgumentException($"There is no gate '{name}'; there are: {string.Join(", ", Names)}.", nameof(name)),
    };
}
