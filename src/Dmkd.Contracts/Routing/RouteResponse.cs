namespace Dmkd.Contracts.Routing;

/// <summary>Predictions of a batch.</summary>
/// <param name="Predictions">Per candidate set, per image.</param>
/// <param name="DeviceSeconds">Device time, in seconds.</param>
[GenerateSerializer, Immutable, Alias("dmkd.RouteResponse")]
public sealed record RouteResponse(
    [property: Id(0)] RoutedPrediction[][] Predictions, [property: Id(1)] double DeviceSeconds)
{
    /// <summary>A line per expert that an earlier version answered for; none when all weights could be read.</summary>
    [Id(2)]
    public string[] Replacements { get; init; } = [];
}
