namespace Dmkd.Contracts.Merging;

/// <summary>Answer to a submission.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Reason">Names node, module, round, check and value when it was not accepted.</param>
[GenerateSerializer, Immutable, Alias("dmkd.SubmissionReceipt")]
public sealed record SubmissionReceipt([property: Id(0)] SubmissionOutcome Outcome, [property: Id(1)] string? Reason = null);
