using Dmkd.Core.Routing;

namespace Dmkd.Serving;

/// <summary>How inputs are routed to experts (proposal 3.3).</summary>
public sealed record RoutingPlan
{
    /// <summary>Name of the gate.</summary>
    public string Gate { get; init; } = EvidenceGate.GateName;

    /// <summary>What makes the evidence of different experts comparable; for the gate <c>evidence</c>.</summary>
    public string Calibration { get; init; } = EvidenceGate.NoCalibration;

    /// <summary>Experts that answer, the proposal's R; at least 1.</summary>
    public int TopExperts { get; init; } = 1;

    /// <summary>Weight of -H_k, the proposal's β; at least 0.</summary>
    public double SpecializationWeight { get; init; }

    /// <summary>What a gate network's logit of a class counts beside the chosen expert's, at least 0.</summary>
    public double GateVote { get; init; }

    /// <summary>Views of an input that a rotation-labelled expert is shown: 1, 4 or 8.</summary>
    public int Views { get; init; } = 4;

    /// <summary>How class scores become evidence.</summary>
    public string Score { get; init; } = EvidenceScores.Names[0];

    /// <summary>Whether the mean of all logits of a rotation-labelled expert is subtracted per view.</summary>
    public bool Centred { get; init; } = true;

    /// <summary>What a fit was made for, in words; null when nothing is fitted.</summary>
    internal string Wanted =>
        Calibration == EvidenceGate.NoCalibration ? $"the gate '{Gate}'" : $"the calibration '{Calibration}'";

    /// <summary>Makes the gate, not fitted yet.</summary>
    /// <exception cref="ArgumentException">There is no such gate, calibration or score.</exception>
    public IGate CreateGate()
    {
        var score = EvidenceScores.Find(Score);
        return GateCatalog.Create(new GateOptions(Gate, Calibration, score, SpecializationWeight));
    }

    /// <summary>Whether scores are computed as for another plan: a fit is for the scores that it was made of.</summary>
    public bool ScoresAs(RoutingPlan other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return (Views, Score, Centred) == (other.Views, other.Score, other.Centred);
    }
}
