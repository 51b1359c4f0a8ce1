namespace Dmkd.Contracts.Experts;

/// <summary>What one node gave to a merged version.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="SampleCount">Images it says it trained on.</param>
/// <param name="PayloadBytes">Serialized size of its update.</param>
/// <param name="Digest">Digest of its serialized update.</param>
/// <param name="Weight">Its share of the merged update, in [0, 1]; 0 when the rule left it out.</param>
[GenerateSerializer, Immutable, Alias("dmkd.ModuleContribution")]
public sealed record ModuleContribution(
    [property: Id(0)] string NodeId, [property: Id(1)] long SampleCount, [property: Id(2)] long PayloadBytes,
    [property: Id(3)] string? Digest = null, [property: Id(4)] double Weight = 0);
