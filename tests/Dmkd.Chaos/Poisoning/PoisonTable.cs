namespace Dmkd.Chaos.Poisoning;

/// <summary>The study's rows for a reader, in 100 columns.</summary>
internal static class PoisonTable
{
    /// <summary>The lines.</summary>
    public static IEnumerable<string> Lines(IReadOnlyList<PoisonRow> rows)
    {
        yield return "attack     share rule              error  alone |  accuracy   alone   loss | refused honest capped";
        string? last = null;
        foreach (var row in rows)
        {
            if (last is not null && last != row.Attack) yield return "";
            last = row.Attack;
            yield return $"{row.Attack,-10} {row.Fraction,5:0.0#} {row.Rule,-15} {Error(row.RelativeError),7} {Error(row.HonestRelativeError),6} | "
                + $"{100 * row.Accuracy,7:0.0} % {100 * row.HonestAccuracy,5:0.0} % {row.LossPoints,6:0.0} | "
                + $"{row.Refusals,7} {row.HonestRefusals,6} {row.CappedClaims,6}{(row.SameDigests && row.Attackers > 0 ? " =" : "")}{(row.FailedRounds > 0 ? " !" : "")}";
        }

        yield return "";
        yield return "error: merged update against the plain mean of the honest updates; alone: the honest nodes without";
        yield return "attackers; loss: points of accuracy; refused: updates of attackers and of honest nodes; capped: claims";
        yield return "lowered; =: same digests as the honest nodes alone; !: rounds without a version. Gaussian noise has the";
        yield return "norm of the honest update in every tensor; inflate sends a flipped update; label-flip shifts every label.";
    }

    private static string Error(double value) => value >= 1000 ? $"{value:0.0e0}" : $"{value:0.000}";
}
