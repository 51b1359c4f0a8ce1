using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;

namespace Dmkd.Silo.Http;

/// <summary>The silo's metrics as Prometheus reads them.</summary>
internal static class MetricsEndpoints
{
    /// <summary>Has the meters collected for Prometheus too.</summary>
    public static IServiceCollection AddPrometheus(this IServiceCollection services) =>
        services.ConfigureOpenTelemetryMeterProvider(metrics => metrics.AddPrometheusExporter());

    /// <summary><c>/metrics</c>.</summary>
    public static IEndpointRouteBuilder MapPrometheus(this IEndpointRouteBuilder routes)
    {
        routes.MapPrometheusScrapingEndpoint("/metrics").RequireAuthorization(HttpAccess.Reading);
        return routes;
    }
}
