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
