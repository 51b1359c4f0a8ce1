namespace Dmkd.Core.Routing;

/// <summary>
/// The control that knows the task of an input: the evaluation of a run offers only the task's own classes, so that
/// only the right expert is asked. Scores are those of <see cref="EvidenceGate"/>.
/// </summary>
/// <param name="score">How class scores become evidence.</param>
public sealed class OracleGate(EvidenceScore score = EvidenceScore.MaxLogit) : IGate
{
    /// <summary>Name by which options choose it.</summary>
    public const string GateName = "oracle";

    /// <inheritdoc/>
    public GateNeeds Needs => GateNeeds.Task;

    /// <inheritdoc/>
    public double Score(ExpertInput pair) => EvidenceScores.Of(score, pair.Scores());
}
