namespace Dmkd.Core.Routing;

/// <summary>The expert's own evidence for the input (proposal 3.3, <c>evidence</c>). Needs no exemplars.</summary>
/// <param name="score">How class scores become evidence.</param>
public sealed class EvidenceGate(EvidenceScore score = EvidenceScore.MaxLogit) : IGate
{
    /// <summary>Name by which options choose it.</summary>
    public const string GateName = "evidence";

    /// <inheritdoc/>
    public string Name => GateName;

    /// <inheritdoc/>
    public double Score(ReadOnlySpan<double> values) => EvidenceScores.Of(score, values);
}
