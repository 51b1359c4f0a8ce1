namespace Dmkd.Contracts.Experts;

/// <summary>What one node gave to a merged version.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="SampleCount">Images it trained on.</param>
/// <param name="PayloadBytes">Serialized size of its update.</param>
[GenerateSerializer, Immutable, Alias("dmkd.ModuleContribution")]
public sealed record ModuleContribution(
    [property: Id(0)] string NodeId, [property: Id(1)] long SampleCount, [property: Id(2)] long PayloadBytes);
