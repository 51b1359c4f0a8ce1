namespace Dmkd.Contracts.Legacy;

/// <summary>A legacy model cut to an expert's widths: the units most important to all its classes.</summary>
/// <param name="Architecture">Text form of its architecture.</param>
/// <param name="Digest">Digest of its weights in the weight store.</param>
[GenerateSerializer, Immutable, Alias("dmkd.LegacyFeatures")]
public sealed record LegacyFeatures([property: Id(0)] string Architecture, [property: Id(1)] string Digest);
