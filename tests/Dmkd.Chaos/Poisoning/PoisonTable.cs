namespace Dmkd.Chaos.Poisoning;

/// <summary>The study's rows for a reader, in 100 columns.</summary>
internal static class PoisonTable
{
    /// <summary>The lines.</summary>
    public static IEnumerable<string> Lines(IReadOnlyList<PoisonRow> rows)
    {
        yield return "attack     share rule         error  alone | accuracy alone  loss restated | refused honest capped";
        string? last = null;
        foreach (var row in rows)
        {
            if (last is not null && last != row.Attack)
                yield return "";
            last = row.Attack;
            yield return $"{row.Attack, -10} {row.Fraction, 5:0.0#} {row.Rule, -11} {Error(row.RelativeError), 6} "
                + $"{Error(row.HonestRelativeError), 6} | "
                + $"{100 * row.Accuracy, 8:0.0} {100 * row.HonestAccuracy, 5:0.0} {row.LossPoints, 5:0.0} "
                + $"{100 * (row.HonestRestatedAccuracy - row.RestatedAccuracy), 8:0.0} | "
                + $"{row.Refusals, 7} {row.HonestRefusals, 6} "
                + $"{row.CappedClaims, 6}{(row.SameDigests && row.Attackers > 0 ? " =" : "")}{(row.FailedRounds > 0 ? " !" : "")}";
        }

        yield return "";
        yield return "error: merged update against the plain mean of the honest updates; alone: the honest nodes without";
        yield return "attackers; accuracy in %, loss in points; restated: the same when batch-norm statistics are measured anew;";
        yield return "refused: updates of attackers and of honest nodes; capped: claims lowered; =: same digests as the honest";
        yield return "nodes alone; !: rounds without a version. Gaussian noise has the norm of the honest update in every";
        yield return "tensor; inflate sends a flipped update; label-flip shifts every label.";
    }

    private static string Error(double value) => value >= 1000 ? $"{value:0.0e0}" : $"{value:0.000}";
}

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
