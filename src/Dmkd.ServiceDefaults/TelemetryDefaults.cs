using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Dmkd.ServiceDefaults;

/// <summary>Telemetry of both hosts.</summary>
public static class TelemetryDefaults
{
    private const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string MetricsVariable = "OTEL_METRICS_EXPORTER";
    private const string Dmkd = "Dmkd";

    /// <summary>
    /// Collects DMKD's and Orleans' metrics, and, when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names a collector, sends them there by OTLP with
    /// spans and logs; <c>OTEL_METRICS_EXPORTER=none</c> keeps the metrics back, where somebody fetches them. Without a collector nobody
    /// listens to spans, and none are made.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="serviceName">Name of the process in the traces.</param>
    /// <param name="instance">Tells processes of one name apart, also after a restart; null for a name drawn at every start.</param>
    public static IServiceCollection AddTelemetryDefaults(this IServiceCollection services, string serviceName, string? instance = null)
    {
        bool exports = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(EndpointVariable));
        var telemetry = services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(
                serviceName, serviceVersion: typeof(TelemetryDefaults).Assembly.GetName().Version?.ToString(3), serviceInstanceId: instance, autoGenerateServiceInstanceId: true))
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(Dmkd, "Microsoft.Orleans", "System.Runtime");
                if (exports && Environment.GetEnvironmentVariable(MetricsVariable) != "none") metrics.AddOtlpExporter();
            });
        if (!exports) return services;
        telemetry.WithTracing(tracing =>
        {
            // Not Microsoft.Orleans.Runtime: it traces every system call of the cluster.
            tracing.AddSource(Dmkd, "Microsoft.Orleans.Application", "Microsoft.Orleans.Lifecycle", "Microsoft.Orleans.Storage");
            tracing.SetSampler(QuietSampler.FromEnvironment());
            tracing.AddOtlpExporter();
        });
        telemetry.WithLogging(
            logging => logging.AddOtlpExporter(),
            options =>
            {
                options.IncludeFormattedMessage = true;
                options.IncludeScopes = false; // trace and span come without; scopes would repeat them in every line
            });
        return services;
    }
}
