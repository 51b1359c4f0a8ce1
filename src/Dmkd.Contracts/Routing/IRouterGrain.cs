namespace Dmkd.Contracts.Routing;

/// <summary>Routes inputs to the experts of a library and answers with their mixture (proposal 3.3). Stateless; key: the library's name.</summary>
[Alias("dmkd.IRouterGrain")]
public interface IRouterGrain : IGrainWithStringKey
{
    /// <summary>Predicts a batch with the current versions of the library's experts.</summary>
    /// <exception cref="ArgumentException">The batch is malformed, too large, or no expert knows a candidate class.</exception>
    [Alias("route"), ResponseTimeout("00:05:00")]
    Task<RouteResponse> RouteAsync(RouteRequest request, CancellationToken cancellationToken = default);
}
