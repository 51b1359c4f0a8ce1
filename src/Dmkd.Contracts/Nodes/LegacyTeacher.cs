namespace Dmkd.Contracts.Nodes;

/// <summary>A legacy model as a teacher of one module.</summary>
/// <param name="Architecture">Text form of its architecture.</param>
/// <param name="Digest">Digest of its weights.</param>
/// <param name="Outputs">Its outputs for the module's classes, in the module's order.</param>
[GenerateSerializer, Immutable, Alias("dmkd.LegacyTeacher")]
public sealed record LegacyTeacher(
    [property: Id(0)] string Architecture, [property: Id(1)] string Digest, [property: Id(2)] int[] Outputs);
