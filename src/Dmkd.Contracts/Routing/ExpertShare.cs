namespace Dmkd.Contracts.Routing;

/// <summary>An expert that answered.</summary>
/// <param name="Module">Name of the module.</param>
/// <param name="Probability">The proposal's p_k(x), in [0, 1].</param>
[GenerateSerializer, Immutable, Alias("dmkd.ExpertShare")]
public readonly record struct ExpertShare([property: Id(0)] string Module, [property: Id(1)] double Probability);
