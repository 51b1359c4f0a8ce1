namespace Dmkd.Contracts.Experts;

/// <summary>A module on the contributors' calibration data before and after a merge.</summary>
/// <param name="SampleCount">Images, over all contributors that answered.</param>
/// <param name="AccuracyBefore">Of the old version, in [0, 1].</param>
/// <param name="AccuracyAfter">Of the new version, in [0, 1].</param>
/// <param name="LossBefore">Mean cross-entropy of the old version, in nats.</param>
/// <param name="LossAfter">Mean cross-entropy of the new version, in nats.</param>
[GenerateSerializer, Immutable, Alias("dmkd.MergeMetrics")]
public sealed record MergeMetrics(
    [property: Id(0)] long SampleCount, [property: Id(1)] double AccuracyBefore, [property: Id(2)] double AccuracyAfter,
    [property: Id(3)] double LossBefore, [property: Id(4)] double LossAfter);
