using Dmkd.Core.Numerics;

namespace Dmkd.Core.Routing;

/// <summary>
/// The expert's own evidence for the input (proposal 3.3, <c>evidence</c>). Needs nothing from the nodes.
/// </summary>
/// <param name="score">How class scores become evidence.</param>
public sealed class EvidenceGate(EvidenceScore score = EvidenceScore.MaxLogit) : IGate
{
    /// <summary>Name by which options choose it.</summary>
    public const string GateName = "evidence";

    /// <summary>Name of the calibration that leaves scores as they are.</summary>
    public const string NoCalibration = "none";

    /// <inheritdoc/>
    public double Score(ExpertInput pair) => Score(pair.Scores());

    /// <summary>An expert's evidence.</summary>
    /// <param name="classScores">Its scores of the candidate classes, at least one.</param>
    public double Score(ReadOnlySpan<double> classScores) => EvidenceScores.Of(score, classScores);
}

/// <summary>How an expert's class scores become its evidence for an input (proposal 3.3).</summary>
public enum EvidenceScore
{
    /// <summary>The largest class score.</summary>
    [Named("max-logit", "the largest class score", Order = 1)]
    MaxLogit,

    /// <summary>ln Σ exp of the class scores, minus the free energy.</summary>
    [Named("energy", "ln of the sum of exp of the class scores", Order = 2)]
    Energy,

    /// <summary>The largest probability of the softmax of the class scores.</summary>
    [Named("probability", "the largest probability of the softmax", Order = 3)]
    Probability,
}

/// <summary>The scores of evidence by name, and their formulas.</summary>
public static class EvidenceScores
{
    /// <summary>The scores.</summary>
    public static Registry<EvidenceScore> Known { get; } = new("score");

    /// <summary>Names of the scores.</summary>
    public static IReadOnlyList<string> Names => Known.Names;

    /// <summary>Finds a score.</summary>
    /// <exception cref="ArgumentException">No score has the name; the message lists those there are.</exception>
    public static EvidenceScore Find(string name) => Known.Find(name);

    /// <summary>An expert's evidence for one input.</summary>
    /// <param name="score">The formula.</param>
    /// <param name="classScores">Its scores of the classes, at least one.</param>
    public static double Of(EvidenceScore score, ReadOnlySpan<double> classScores)
    {
        double best = double.NegativeInfinity;
        foreach (double value in classScores)
            best = Math.Max(best, value);
        return score switch
        {
            EvidenceScore.Energy => Softmax.LogSumExp(classScores),
            EvidenceScore.Probability => Math.Exp(best - Softmax.LogSumExp(classScores)),
            _ => best,
        };
    }
}

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
