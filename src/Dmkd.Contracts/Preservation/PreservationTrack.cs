namespace Dmkd.Contracts.Preservation;

/// <summary>How far one part of a preservation is.</summary>
/// <param name="Name">What is done.</param>
/// <param name="Share">Share done, in [0, 1].</param>
[GenerateSerializer, Immutable, Alias("dmkd.PreservationTrack")]
public readonly record struct PreservationTrack([property: Id(0)] string Name, [property: Id(1)] double Share);
