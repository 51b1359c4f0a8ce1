using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Dmkd.ServiceDefaults;

/// <summary>Telemetry of both hosts.</summary>
public static class TelemetryDefaults
{
    private const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string Dmkd = "Dmkd";

    /// <summary>Collects DMKD's and Orleans' spans and metrics; sends them by OTLP when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names a collector.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="serviceName">Name of the process in the traces.</param>
    public static IServiceCollection AddTelemetryDefaults(this IServiceCollection services, string serviceName)
    {
        bool exports = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(EndpointVariable));
        services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(serviceName))
            .WithTracing(tracing =>
            {
                // Not Microsoft.Orleans.Runtime: it traces every system call of the cluster.
                tracing.AddSource(Dmkd, "Microsoft.Orleans.Application", "Microsoft.Orleans.Lifecycle", "Microsoft.Orleans.Storage");
                if (exports) tracing.AddOtlpExporter();
            })
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(Dmkd, "Microsoft.Orleans");
                if (exports) metrics.AddOtlpExporter();
            });
        return services;
    }
}
