using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Settings;

namespace Dmkd.Contracts.Routing;

/// <summary>
/// What a library's routing was fitted: affine pairs or a gate's MLP to exemplars (docs/adr/0018), or discriminants to
/// moments (docs/adr/0019).
/// </summary>
[GenerateSerializer, Immutable, Alias("dmkd.FittedGate")]
public sealed record FittedGate
{
    /// <summary>Number, from 1; a later fit has a higher one.</summary>
    [Id(0)]
    public required int Version { get; init; }

    /// <summary>How the library routes by it; scores are what it was fitted to.</summary>
    [Id(1)]
    public required RoutingSettings Routing { get; init; }

    /// <summary>The calibration: what it holds for the evidence.</summary>
    [Id(2)]
    public required string Calibration { get; init; }

    /// <summary>Names of the experts it was fitted for; one that was removed since keeps its place.</summary>
    [Id(3)]
    public required string[] Modules { get; init; }

    /// <summary>Its parameters in the weight store.</summary>
    [Id(4)]
    public required StoredBlob Parameters { get; init; }

    /// <summary>Exemplars that it was fitted to; none of discriminants.</summary>
    [Id(5)]
    public required int Exemplars { get; init; }
}
