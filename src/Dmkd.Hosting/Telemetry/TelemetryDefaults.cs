using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Dmkd.Hosting.Telemetry;

/// <summary>Telemetry of both hosts.</summary>
public static class TelemetryDefaults
{
    private const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string MetricsVariable = "OTEL_METRICS_EXPORTER";
    private const string Dmkd = "Dmkd";

    /// <summary>
    /// Collects DMKD's and Orleans' metrics, and, when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names a collector, sends them
    /// there by OTLP with spans and logs; <c>OTEL_METRICS_EXPORTER=none</c> keeps the metrics back, where somebody
    /// fetches them. Without a collector nobody listens to spans, and none are made.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="serviceName">Name of the process in the traces.</param>
    /// <param name="instance">Tells processes of one name apart, also after a restart; null for a name drawn at every
    /// start.</param>
    public static IServiceCollection AddTelemetryDefaults(
        this IServiceCollection services,
        string serviceName,
        string? instance = null
    )
    {
        bool exports = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(EndpointVariable));
        var telemetry = services
            .AddOpenTelemetry()
            .ConfigureResource(resource =>
                resource.AddService(
                    serviceName,
                    serviceVersion: typeof(TelemetryDefaults).Assembly.GetName().Version?.ToString(3),
                    serviceInstanceId: instance,
                    autoGenerateServiceInstanceId: true
                )
            )
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(Dmkd, "Microsoft.Orleans", "System.Runtime");
                if (exports && Environment.GetEnvironmentVariable(MetricsVariable) != "none")
                    metrics.AddOtlpExporter();
            });
        if (!exports)
            return services;
        telemetry.WithTracing(tracing =>
        {
            // Not Microsoft.Orleans.Runtime: it traces every system call of the cluster.
            tracing.AddSource(
                Dmkd,
                "Microsoft.Orleans.Application",
                "Microsoft.Orleans.Lifecycle",
                "Microsoft.Orleans.Storage"
            );
            tracing.SetSampler(QuietSampler.FromEnvironment());
            tracing.AddProcessor(new CancelledCalls());
            tracing.AddOtlpExporter();
        });
        telemetry.WithLogging(
            logging => logging.AddOtlpExporter(),
            options =>
            {
                options.IncludeFormattedMessage = true;
                options.IncludeScopes = false; // trace and span come without; scopes would repeat them in every line
            }
        );
        return services;
    }
}

/// <summary>Adds the formatter.</summary>
public static class PlainConsoleExtensions
{
    private const string FormatterKey = "Logging:Console:FormatterName";

    /// <summary>Has the console's log written by <see cref="PlainConsole"/>, unless the settings name a formatter.</summary>
    /// <param name="logging">The log.</param>
    /// <param name="configure">Changes the console; null for nothing.</param>
    public static ILoggingBuilder AddPlainConsole(
        this ILoggingBuilder logging,
        Action<ConsoleLoggerOptions>? configure = null
    )
    {
        logging.AddConsole(configure ?? (_ => { }));
        logging.Services.TryAddSingleton(TimeProvider.System);
        logging.Services.TryAddSingleton<RepeatedLines>();
        logging.AddFilter("Polly", LogLevel.Error); // retries are told by who makes them
        logging.AddFilter("Orleans.Runtime.SiloOptionsLogger", LogLevel.Warning); // pages of options at every start
        logging.AddConsoleFormatter<PlainConsole, ConsoleFormatterOptions>();
        // A web host has asked for the formatter "simple" by now.
        logging
            .Services.AddOptions<ConsoleLoggerOptions>()
            .PostConfigure<IConfiguration>(
                (options, settings) => options.FormatterName = settings[FormatterKey] ?? PlainConsole.PlainName
            );
        return logging;
    }
}
