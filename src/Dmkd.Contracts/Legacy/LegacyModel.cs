namespace Dmkd.Contracts.Legacy;

/// <summary>A trained monolithic network.</summary>
/// <param name="Architecture">Text form of its architecture.</param>
/// <param name="Digest">Digest of its weights in the weight store.</param>
/// <param name="Accuracy">Accuracy on the test images of its classes, in [0, 1].</param>
[GenerateSerializer, Immutable, Alias("dmkd.LegacyModel")]
public sealed record LegacyModel(
    [property: Id(0)] string Architecture, [property: Id(1)] string Digest, [property: Id(2)] double Accuracy);
