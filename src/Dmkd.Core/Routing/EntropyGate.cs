namespace Dmkd.Core.Routing;

/// <summary>The least uncertain expert: minus the entropy of its prediction, in nats (proposal 3.3, the control <c>entropy</c>).</summary>
public sealed class EntropyGate : IGate
{
    /// <summary>Name by which options choose it.</summary>
    public const string GateName = "entropy";

    /// <inheritdoc/>
    public string Name => GateName;

    /// <inheritdoc/>
    public double Score(ReadOnlySpan<double> values) => -Softmax.Entropy(values);
}
