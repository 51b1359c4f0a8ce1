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
