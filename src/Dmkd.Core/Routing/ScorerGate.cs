namespace Dmkd.Core.Routing;

/// <summary>
/// The proposal's gate, literally: z_k(x) = G_θ(M_k, x), one two-layer MLP for all experts (proposal 3.3). <c>mlp</c> scores descriptors of
/// expert and input, <c>hybrid</c> the expert's evidence. Both are fitted to exemplars.
/// </summary>
public sealed class ScorerGate : IGate
{
    /// <summary>Name of the gate over descriptors.</summary>
    public const string MlpName = "mlp";

    /// <summary>Name of the gate over evidence.</summary>
    public const string HybridName = "hybrid";

    private readonly PairScorer _scorer;

    /// <summary>Makes a gate.</summary>
    /// <param name="name"><see cref="MlpName"/> or <see cref="HybridName"/>.</param>
    /// <param name="scorer">The fitted MLP.</param>
    public ScorerGate(string name, PairScorer scorer)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        Name = name;
        Input = InputOf(name);
        _scorer = scorer;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public GateInput Input { get; }

    /// <summary>Whether a name is one of these gates'.</summary>
    public static bool IsNamed(string name) => name is MlpName or HybridName;

    /// <summary>What the gate of a name scores.</summary>
    /// <exception cref="ArgumentException">It is neither.</exception>
    public static GateInput InputOf(string name) => name switch
    {
        MlpName => GateInput.Descriptors,
        HybridName => GateInput.Evidence,
        _ => throw new ArgumentException($"A fitted gate is {MlpName} or {HybridName}, not '{name}'.", nameof(name)),
    };

    /// <inheritdoc/>
    public double Score(ReadOnlySpan<double> values) => _scorer.Score(values);
}
