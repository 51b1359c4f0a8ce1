namespace Dmkd.Contracts.Nodes;

/// <summary>What a node found about merged weights on its calibration data. Sums, so that nodes can be added up.</summary>
/// <param name="SampleCount">Images.</param>
/// <param name="RightBefore">Images that the old version gets right.</param>
/// <param name="RightAfter">Images that the merged weights get right.</param>
/// <param name="LossBefore">Sum of the old version's cross-entropies, in nats.</param>
/// <param name="LossAfter">Sum of the merged weights' cross-entropies, in nats.</param>
/// <param name="DeviceSeconds">Device time, in seconds.</param>
[GenerateSerializer, Immutable, Alias("dmkd.CandidateReport")]
public sealed record CandidateReport(
    [property: Id(0)] long SampleCount, [property: Id(1)] long RightBefore, [property: Id(2)] long RightAfter,
    [property: Id(3)] double LossBefore, [property: Id(4)] double LossAfter, [property: Id(5)] double DeviceSeconds);
