namespace Dmkd.Core.Merging.Admission;

/// <summary>How far a submission may stand out of its round.</summary>
public sealed record AdmissionLimits
{
    /// <summary>
    /// Submissions from which on a round's median means something. Of two, nothing tells which is the odd one, and either could shut
    /// the other out.
    /// </summary>
    public const int SubmissionsForMedian = 3;

    /// <summary>
    /// Most training samples one node's word is taken for, at least 1. A plan that knows its shards should say their size. Default:
    /// 10 million, above all data sets the product reads (ImageNet-1k has 1.3 million images).
    /// </summary>
    public long MaxSampleCount { get; init; } = 10_000_000;

    /// <summary>
    /// Most training samples, in multiples of the round's median claim, at least 1. Default: 5, which gives one node among ten otherwise
    /// equal ones at most 36 % of the weight.
    /// </summary>
    public double SampleCountFactor { get; init; } = 5;

    /// <summary>Longest update, in multiples of the round's median norm, at least 1. Default: 5.</summary>
    public double NormFactor { get; init; } = 5;

    /// <summary>
    /// The same for batch norm's running statistics. Default: 25, since a variance is a square: activations 5 times as large have one 25 times as large.
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
