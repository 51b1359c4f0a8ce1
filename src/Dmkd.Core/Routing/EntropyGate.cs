namespace Dmkd.Core.Routing;

/// <summary>The least uncertain expert: minus the entropy of its prediction, in nats (proposal 3.3, the control <c>entropy</c>).</summary>
public sealed class EntropyGate : IGate
{
    /// <inheritdoc/>
    public string Name => "entropy";

    /// <inheritdoc/>
    public double Score(ReadOnlySpan<double> classScores)
    {
        Span<double> probabilities = classScores.Length <= 256 ? stackalloc double[classScores.Length] : new double[classScores.Length];
        Softmax.Apply(classScores, probabilities);
        double score = 0;
        foreach (double p in probabilities)
            if (p > 0) score += p * Math.Log(p);
        return score;
    }
}
