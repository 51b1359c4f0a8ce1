using Dmkd.Core.Numerics;

namespace Dmkd.Core.Routing;

/// <summary>
/// The least uncertain expert: minus the entropy of its prediction, in nats (proposal 3.3, the control <c>entropy</c>).
/// </summary>
public sealed class EntropyGate : IGate
{
    /// <summary>Name by which options choose it.</summary>
    public const string GateName = "entropy";

    /// <inheritdoc/>
    public double Score(ExpertInput pair) => Score(pair.Scores());

    /// <summary>Minus the entropy of the softmax of class scores.</summary>
    /// <param name="classScores">Scores of the candidate classes, at least one.</param>
    public static double Score(ReadOnlySpan<double> classScores) => -Softmax.Entropy(classScores);
}
