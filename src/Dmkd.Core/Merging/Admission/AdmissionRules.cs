using Dmkd.Core.Merging.Rules;

namespace Dmkd.Core.Merging.Admission;

/// <summary>
/// Decides which of a round's submissions are merged, before any rule sees them (proposal 3.4: outsized updates are
/// refused by name). Names, shapes and finite values are the business of <c>DeltaCheck</c>; round, base version and
/// repeats that of the coordinator.
/// </summary>
/// <remarks>
/// <para>Claims below 1 and outsized norms are refused, outsized claims capped: the update may be honest, nobody can
/// verify a claim, and a capped claim has the influence the limit allows and no more.</para>
/// <para>Checks run in the order of <see cref="AdmissionCheck"/>'s refusals, then the cap; each median is over the
/// submissions that passed the checks before. It is the lower median: up to half of the nodes cannot raise it. Where it
/// is zero, most nodes did not move, and any norm above zero is refused.</para>
/// <para>With fewer than <see cref="AdmissionLimits.SubmissionsForMedian"/> submissions left, only the absolute limits
/// hold; a clipping rule is then what bounds an outsized update.</para>
/// </remarks>
public static class AdmissionRules
{
    /// <summary>Judges a round's submissions.</summary>
    /// <param name="submissions">One per node.</param>
    /// <param name="limits">How far one may stand out.</param>
    /// <returns>One outcome per submission, in their order.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A limit is out of its range; the message names it.</exception>
    public static IReadOnlyList<AdmissionOutcome> Judge(
        IReadOnlyList<SubmissionFacts> submissions,
        AdmissionLimits limits
    )
    {
        ArgumentNullException.ThrowIfNull(submissions);
        ArgumentNullException.ThrowIfNull(limits);
        limits.Require();
        var outcomes = submissions.Select(facts => new AdmissionOutcome(facts.NodeId, facts.SampleCount)).ToArray();
        RefuseBelowOne(submissions, outcomes);
        RefuseAbove(submissions, outcomes, AdmissionCheck.Norm, facts => facts.Norms.Trained, limits.NormFactor);
        RefuseAbove(
            submissions,
            outcomes,
            AdmissionCheck.StatisticsNorm,
            facts => facts.Norms.Statistics,
            limits.StatisticsNormFactor
        );
        CapClaims(outcomes, limits);
        return outcomes;
    }

    private static void RefuseBelowOne(IReadOnlyList<SubmissionFacts> submissions, AdmissionOutcome[] outcomes)
    {
        for (int i = 0; i < outcomes.Length; i++)
            if (submissions[i].SampleCount < 1)
                outcomes[i] = Refused(outcomes[i], AdmissionCheck.MinSamples, 1, submissions[i].SampleCount);
    }

    private static void RefuseAbove(
        IReadOnlyList<SubmissionFacts> submissions,
        AdmissionOutcome[] outcomes,
        AdmissionCheck check,
        Func<SubmissionFacts, double> norm,
        double factor
    )
    {
        double[] norms = [.. submissions.Where((_, i) => outcomes[i].IsAdmitted).Select(norm).Where(double.IsFinite)];
        double limit =
            norms.Length < AdmissionLimits.SubmissionsForMedian ? double.MaxValue : factor * LowerMedian.Of(norms);
        for (int i = 0; i < outcomes.Length; i++)
            if (outcomes[i].IsAdmitted && !(norm(submissions[i]) <= limit)) // NaN is above every limit
                outcomes[i] = Refused(outcomes[i], check, limit, norm(submissions[i]));
    }

    private static void CapClaims(AdmissionOutcome[] outcomes, AdmissionLimits limits)
    {
        double[] claims =
        [
            .. outcomes.Where(outcome => outcome.IsAdmitted).Select(outcome => (double)outcome.SampleCount),
        ];
        long cap = limits.MaxSampleCount;
        if (claims.Length >= AdmissionLimits.SubmissionsForMedian)
            cap = (long)Math.Min(cap, limits.SampleCountFactor * LowerMedian.Of(claims));
        for (int i = 0; i < outcomes.Length; i++)
            if (outcomes[i].SampleCount > cap)
                outcomes[i] = outcomes[i] with
                {
                    SampleCount = cap,
                    FailedCheck = AdmissionCheck.MaxSamples,
                    Limit = cap,
                    Value = outcomes[i].SampleCount,
                };
    }

    private static AdmissionOutcome Refused(
        AdmissionOutcome outcome,
        AdmissionCheck check,
        double limit,
        double value
    ) => outcome with { SampleCount = 0, FailedCheck = check, Limit = limit, Value = value };
}

/// <summary>The checks of <see cref="AdmissionRules"/>.</summary>
public enum AdmissionCheck
{
    /// <summary>The claimed number of training samples is at least 1.</summary>
    MinSamples,

    /// <summary>It is not above the limit.</summary>
    MaxSamples,

    /// <summary>The norm of the trained weights' update is not above the limit.</summary>
    Norm,

    /// <summary>The norm of the running statistics' update is not above the limit.</summary>
    StatisticsNorm,
}

/// <summary>How far a submission may stand out of its round.</summary>
public sealed record AdmissionLimits
{
    /// <summary>
    /// Submissions from which on a round's median means something. Of two, nothing tells which is the odd one, and
    /// either could shut the other out.
    /// </summary>
    public const int SubmissionsForMedian = 3;

    /// <summary>
    /// Most training samples one node's word is taken for, at least 1. A plan that knows its shards should say their
    /// size. Default: 10 million, above all data sets the product reads (ImageNet-1k has 1.3 million images).
    /// </summary>
    public long MaxSampleCount { get; init; } = 10_000_000;

    /// <summary>
    /// Most training samples, in multiples of the round's median claim, at least 1. Default: 5, which gives one node
    /// among ten otherwise equal ones at most 36 % of the weight.
    /// </summary>
    public double SampleCountFactor { get; init; } = 5;

    /// <summary>Longest update, in multiples of the round's median norm, at least 1. Default: 5.</summary>
    public double NormFactor { get; init; } = 5;

    /// <summary>
    /// The same for batch norm's running statistics. Default: 25, since a variance is a square: activations 5 times as
    /// large have one 25 times as large.
    /// </summary>
    public double StatisticsNormFactor { get; init; } = 25;

    /// <summary>Refuses limits that would shut out the median itself.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A limit is out of its range; the message names it.</exception>
    internal void Require()
    {
        RequireAtLeastOne(MaxSampleCount, nameof(MaxSampleCount));
        RequireAtLeastOne(SampleCountFactor, nameof(SampleCountFactor));
        RequireAtLeastOne(NormFactor, nameof(NormFactor));
        RequireAtLeastOne(StatisticsNormFactor, nameof(StatisticsNormFactor));
    }

    private static void RequireAtLeastOne(double value, string name)
    {
        if (!(value >= 1 && double.IsFinite(value)))
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be finite and at least 1; it is {value}.");
    }
}

/// <summary>What admission decided about a node's submission.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="SampleCount">Training samples the update counts for: as claimed, capped, or 0 when it is
/// refused.</param>
/// <param name="FailedCheck">The first check it failed; null when it passed all.</param>
/// <param name="Limit">That check's limit; 0 when it passed all.</param>
/// <param name="Value">What the node sent; 0 when it passed all.</param>
public sealed record AdmissionOutcome(
    string NodeId,
    long SampleCount,
    AdmissionCheck? FailedCheck = null,
    double Limit = 0,
    double Value = 0
)
{
    /// <summary>Whether the update takes part in the merge.</summary>
    public bool IsAdmitted => SampleCount > 0;

    /// <summary>One line that names node, check, limit and value.</summary>
    public override string ToString() =>
        FailedCheck switch
        {
            null => $"node {NodeId}: admitted with {SampleCount} samples",
            AdmissionCheck.MinSamples => $"node {NodeId}: sample count must be at least {Limit}; it is {Value}",
            AdmissionCheck.MaxSamples =>
                $"node {NodeId}: sample count may be at most {Limit}; {Value} is counted as {SampleCount}",
            AdmissionCheck.Norm => $"node {NodeId}: norm of the update may be at most {Limit}; it is {Value}",
            _ => $"node {NodeId}: norm of the running statistics' update may be at most {Limit}; it is {Value}",
        };
}

/// <summary>What admission looks at in a node's submission.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="SampleCount">Training samples it claims.</param>
/// <param name="Norms">Of its update's plain values, decompressed.</param>
public sealed record SubmissionFacts(string NodeId, long SampleCount, UpdateNorms Norms);
