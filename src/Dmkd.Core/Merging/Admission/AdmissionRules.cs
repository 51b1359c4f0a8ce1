using Dmkd.Core.Merging.Rules;

namespace Dmkd.Core.Merging.Admission;

/// <summary>
/// Decides which of a round's submissions are merged, before any rule sees them (proposal 3.4: outsized updates are refused by
/// name). Names, shapes and finite values are the business of <c>DeltaCheck</c>; round, base version and repeats that of the coordinator.
/// </summary>
/// <remarks>
/// <para>Claims below 1 and outsized norms are refused, outsized claims capped: the update may be honest, nobody can verify a claim,
/// and a capped claim has the influence the limit allows and no more.</para>
/// <para>Checks run in the order of <see cref="AdmissionCheck"/>'s refusals, then the cap; each median is over the submissions
/// that passed the checks before. It is the lower median: up to half of the nodes cannot raise it. Where it is zero, most nodes
/// did not move, and any norm above zero is refused.</para>
/// <para>With fewer than <see cref="AdmissionLimits.SubmissionsForMedian"/> submissions left, only the absolute limits hold; a clipping
/// rule is then what bounds an outsized update.</para>
/// </remarks>
public static class AdmissionRules
{
    /// <summary>Judges a round's submissions.</summary>
    /// <param name="submissions">One per node.</param>
    /// <param name="limits">How far one may stand out.</param>
    /// <returns>One outcome per submission, in their order.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A limit is out of its range; the message names it.</exception>
    public static IReadOnlyList<AdmissionOutcome> Judge(IReadOnlyList<SubmissionFacts> submissions, AdmissionLimits limits)
    {
        ArgumentNullException.ThrowIfNull(submissions);
        ArgumentNullException.ThrowIfNull(limits);
        limits.Require();
        var outcomes = submissions.Select(facts => new AdmissionOutcome(facts.NodeId, facts.SampleCount)).ToArray();
        RefuseBelowOne(submissions, outcomes);
        RefuseAbove(submissions, outcomes, AdmissionCheck.Norm, facts => facts.Norms.Trained, limits.NormFactor);
        RefuseAbove(submissions, outcomes, AdmissionCheck.StatisticsNorm, facts => facts.Norms.Statistics, limits.StatisticsNormFactor);
        CapClaims(outcomes, limits);
        return outcomes;
    }

    private static void RefuseBelowOne(IReadOnlyList<SubmissionFacts> submissions, AdmissionOutcome[] outcomes)
    {
        for (int i = 0; i < outcomes.Length; i++)
            if (submissions[i].SampleCount < 1) outcomes[i] = Refused(outcomes[i], AdmissionCheck.FewestSamples, 1, submissions[i].SampleCount);
    }

    private static void RefuseAbove(
        IReadOnlyList<SubmissionFacts> submissions, AdmissionOutcome[] outcomes, AdmissionCheck check, Func<SubmissionFacts, double> norm, double factor)
    {
        double[] norms = [.. submissions.Where((_, i) => outcomes[i].IsAdmitted).Select(norm).Where(double.IsFinite)];
        double limit = norms.Length < AdmissionLimits.SubmissionsForMedian ? double.MaxValue : factor * LowerMedian.Of(norms);
        for (int i = 0; i < outcomes.Length; i++)
            if (outcomes[i].IsAdmitted && !(norm(submissions[i]) <= limit)) // NaN is above every limit
                outcomes[i] = Refused(outcomes[i], check, limit, norm(submissions[i]));
    }

    private static void CapClaims(AdmissionOutcome[] outcomes, AdmissionLimits limits)
    {
        double[] claims = [.. outcomes.Where(outcome => outcome.IsAdmitted).Select(outcome => (double)outcome.SampleCount)];
        long cap = limits.MaxSampleCount;
        if (claims.Length >= AdmissionLimits.SubmissionsForMedian) cap = (long)Math.Min(cap, limits.SampleCountFactor * LowerMedian.Of(claims));
        for (int i = 0; i < outcomes.Length; i++)
            if (outcomes[i].SampleCount > cap)
                outcomes[i] = outcomes[i] with { SampleCount = cap, FailedCheck = AdmissionCheck.MostSamples, Limit = cap, Value = outcomes[i].SampleCount };
    }

    private static AdmissionOutcome Refused(AdmissionOutcome outcome, AdmissionCheck check, double limit, double value) =>
        outcome with { SampleCount = 0, FailedCheck = check, Limit = limit, Value = value };
}
