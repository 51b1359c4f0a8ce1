namespace Dmkd.Chaos.Poisoning;

/// <summary>What one run of all rounds came to.</summary>
/// <param name="Digests">Of the first version and of the version after each round.</param>
/// <param name="RelativeErrors">Of the merged update, by round.</param>
/// <param name="Accuracy">On test images after the last round.</param>
/// <param name="RestatedAccuracy">The same with batch-norm statistics measured anew on the nodes' images.</param>
/// <param name="Refusals">Updates of attackers that did not count.</param>
/// <param name="HonestRefusals">Updates of honest nodes that did not count.</param>
/// <param name="CappedClaims">Claims that were lowered.</param>
/// <param name="FailedRounds">Rounds without a new version.</param>
internal sealed record RunOutcome(
    IReadOnlyList<string> Digests,
    IReadOnlyList<double> RelativeErrors,
    double Accuracy,
    double RestatedAccuracy,
    int Refusals,
    int HonestRefusals,
    int CappedClaims,
    int FailedRounds
);
