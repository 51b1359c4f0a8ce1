namespace Dmkd.Contracts.Preservation;

/// <summary>Units kept of one unit space.</summary>
/// <param name="Space">Name of the space.</param>
/// <param name="Kept">Units kept.</param>
/// <param name="Of">Units of the legacy model.</param>
[GenerateSerializer, Immutable, Alias("dmkd.SpaceWidth")]
public readonly record struct SpaceWidth([property: Id(0)] string Space, [property: Id(1)] int Kept, [property: Id(2)] int Of);
