namespace Dmkd.Core.Merging.Admission;

/// <summary>What admission decided about a node's submission.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="SampleCount">Training samples the update counts for: as claimed, capped, or 0 when it is refused.</param>
/// <param name="FailedCheck">The first check it failed; null when it passed all.</param>
/// <param name="Limit">That check's limit; 0 when it passed all.</param>
/// <param name="Value">What the node sent; 0 when it passed all.</param>
public sealed record AdmissionOutcome(string NodeId, long SampleCount, AdmissionCheck? FailedCheck = null, double Limit = 0, double Value = 0)
{
    /// <summary>Whether the update takes part in the merge.</summary>
    public bool IsAdmitted => SampleCount > 0;

    /// <summary>One line that names node, check, limit and value.</summary>
    public override string ToString() => FailedCheck switch
    {
        null => $"node {NodeId}: admitted with {SampleCount} samples",
        AdmissionCheck.FewestSamples => $"node {NodeId}: sample count must be at least {Limit}; it is {Value}",
        AdmissionCheck.MostSamples => $"node {NodeId}: sample count may be at most {Limit}; {Value} is counted as {SampleCount}",
        AdmissionCheck.Norm => $"node {NodeId}: norm of the update may be at most {Limit}; it is {Value}",
        _ => $"node {NodeId}: norm of the running statistics' update may be at most {Limit}; it is {Value}",
    };
}
