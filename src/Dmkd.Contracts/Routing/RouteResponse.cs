namespace Dmkd.Contracts.Routing;

/// <summary>Predictions of a batch.</summary>
/// <param name="Predictions">Per candidate set, per image.</param>
/// <param name="DeviceSeconds">Device time, in seconds.</param>
[GenerateSerializer, Immutable, Alias("dmkd.RouteResponse")]
public sealed record RouteResponse(
    [property: Id(0)] RoutedPrediction[][] Predictions, [property: Id(1)] double DeviceSeconds);
