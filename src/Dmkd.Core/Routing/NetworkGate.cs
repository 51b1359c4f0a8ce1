namespace Dmkd.Core.Routing;

/// <summary>
/// The answer of a gate network, a small network over all classes that runs before the experts (proposal 3.3): the log of the
/// probability, up to a constant, that it gives to the expert's classes together. Only the experts chosen by it need to run.
/// </summary>
public sealed class NetworkGate : IGate
{
    /// <summary>Name by which options choose it.</summary>
    public const string GateName = "network";

    /// <inheritdoc/>
    public string Name => GateName;

    /// <inheritdoc/>
    public bool AsksGateNetwork => true;

    /// <summary>ln Σ exp of the gate network's logits of the expert's classes.</summary>
    /// <param name="classScores">Logits of the candidate classes that the expert knows, at least one.</param>
    public double Score(ReadOnlySpan<double> classScores)
    {
        double most = double.NegativeInfinity, sum = 0;
        foreach (double score in classScores) most = Math.Max(most, score);
        foreach (double score in classScores) sum += Math.Exp(score - most);
        return most + Math.Log(sum);
    }
}
