namespace Dmkd.Chaos.Poisoning;

/// <summary>One cell of the study; means over its repeats, counts summed over them.</summary>
/// <param name="Attack">The attack.</param>
/// <param name="Fraction">Share of the nodes that attack; 0 for none.</param>
/// <param name="Rule">The merge rule.</param>
/// <param name="Nodes">Nodes.</param>
/// <param name="Attackers">Those that attack.</param>
/// <param name="Rounds">Rounds of one run.</param>
/// <param name="RelativeError">
/// L2 distance of the merged update from the plain mean of the honest nodes' updates over the norm of that mean:
/// trained weights, mean over rounds.
/// </param>
/// <param name="HonestRelativeError">The same of the run without attackers: what the rule itself and uneven shards
/// cost.</param>
/// <param name="Accuracy">On test images after the last round, in [0, 1].</param>
/// <param name="HonestAccuracy">Of the same run with the honest nodes alone.</param>
/// <param name="LossPoints">Percentage points that the attack costs.</param>
/// <param name="LossPointsPerSeed">The same for each repeat.</param>
/// <param name="RestatedAccuracy">
/// Accuracy with batch-norm statistics measured anew on all nodes' images before testing: what is left of the attack in
/// the trained weights.
/// </param>
/// <param name="HonestRestatedAccuracy">The same of the honest nodes alone.</param>
/// <param name="Refusals">Updates of attackers that were refused.</param>
/// <param name="HonestRefusals">Updates of honest nodes that were refused.</param>
/// <param name="CappedClaims">Claimed sample counts that were lowered, the honest nodes' among them.</param>
/// <param name="FailedRounds">Rounds that ended without a new version.</param>
/// <param name="SameDigests">Whether every version has the digest of the run with the honest nodes alone.</param>
internal sealed record PoisonRow(
    string Attack,
    double Fraction,
    string Rule,
    int Nodes,
    int Attackers,
    int Rounds,
    double RelativeError,
    double HonestRelativeError,
    double Accuracy,
    double HonestAccuracy,
    double LossPoints,
    double[] LossPointsPerSeed,
    double RestatedAccuracy,
    double HonestRestatedAccuracy,
    int Refusals,
    int HonestRefusals,
    int CappedClaims,
    int FailedRounds,
    bool SameDigests
);
