namespace Dmkd.Contracts.Merging;

/// <summary>When a node's update came.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="Seconds">Seconds since the round was opened.</param>
[GenerateSerializer, Immutable, Alias("dmkd.ArrivalTime")]
public sealed record ArrivalTime([property: Id(0)] string NodeId, [property: Id(1)] double Seconds);
