using Dmkd.Core.Numerics;

namespace Dmkd.Core.Routing;

/// <summary>
/// The answer of a gate network, a small network over all classes that runs before the experts (proposal 3.3): the log
/// of the probability, up to a constant, that it gives to the expert's classes together. Only the experts chosen by it
/// need to run.
/// </summary>
public sealed class NetworkGate : IGate
{
    /// <summary>Name by which options choose it.</summary>
    public const string GateName = "network";

    /// <inheritdoc/>
    public GateNeeds Needs => GateNeeds.GateNetwork;

    /// <inheritdoc/>
    public bool ChoosesFirst => true;

    /// <inheritdoc/>
    public IReadOnlyList<ExpertView> Look(IBatchScores batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return [.. batch.Experts.Select((expert, k) => expert with { GateScores = batch.GateLogitsOf(k) })];
    }

    /// <inheritdoc/>
    public double Score(ExpertInput pair) => Score(pair.GateLogits());

    /// <summary>ln Σ exp of the gate network's logits of the expert's classes.</summary>
    /// <param name="logits">Logits of the candidate classes that the expert knows, at least one.</param>
    public static double Score(ReadOnlySpan<double> logits) => Softmax.LogSumExp(logits);
}

/// <summary>
/// Scores the descriptors of expert and input, and how far apart they are: known before any expert runs (proposal 3.3,
/// <c>mlp</c>).
/// </summary>
public sealed class MlpGate : ScorerGate
{
    /// <summary>Name by which options choose it.</summary>
    public const string GateName = "mlp";

    /// <summary>Makes a gate that is not fitted yet.</summary>
    /// <param name="options">Weight of H_k in routing and seed of the fit.</param>
    public MlpGate(GateOptions options)
        : base(options) { }

    private MlpGate(GateOptions options, GateParameters parameters, IReadOnlyList<int> places)
        : base(options, parameters, places) { }

    /// <inheritdoc/>
    public override string Name => GateName;

    /// <inheritdoc/>
    public override bool ChoosesFirst => true;

    /// <inheritdoc/>
    public override IGate Fitted(GateParameters parameters, IReadOnlyList<int> places) =>
        new MlpGate(Options, parameters, places);

    /// <summary>The descriptors of expert and input, and how far apart they are.</summary>
    /// <param name="expert">The expert.</param>
    /// <param name="input">The input's descriptor.</param>
    /// <param name="spread">Standard deviation of each number of descriptors, above 0.</param>
    /// <param name="features">Receives twice the descriptor's length, and one.</param>
    internal static void Write(
        ExpertProfile expert,
        ReadOnlySpan<double> input,
        ReadOnlySpan<double> spread,
        Span<double> features
    )
    {
        expert.Descriptor.CopyTo(features);
        input.CopyTo(features[input.Length..]);
        features[2 * input.Length] = Distance(expert.Descriptor, input, spread);
    }

    private protected override int WidthOf(int descriptorLength) => 2 * descriptorLength + 1;

    private protected override void Describe(
        ExpertProfile expert,
        ReadOnlySpan<double> classScores,
        ReadOnlySpan<double> input,
        ReadOnlySpan<double> spread,
        Span<double> features
    ) => Write(expert, input, spread, features);
}
