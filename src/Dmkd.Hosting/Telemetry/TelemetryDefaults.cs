using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
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

/// <summary>
/// Leaves out the calls by which a process looks, many times a second, at work that goes on elsewhere: they would be
/// nearly all of a trace and say nothing. For the rest, whoever begins a trace decides.
/// </summary>
public sealed class QuietSampler : Sampler
{
    private const string ShareVariable = "OTEL_TRACES_SAMPLER_ARG";
    private readonly ParentBasedSampler _others;

    /// <param name="share">Share of the traces that are kept, in [0, 1].</param>
    public QuietSampler(double share) =>
        _others = new ParentBasedSampler(share < 1 ? new TraceIdRatioBasedSampler(share) : new AlwaysOnSampler());

    /// <summary>Methods of grains by which others look.</summary>
    public static IReadOnlyList<string> Looks { get; } =
    ["GetRoundAsync", "GetLocalUpdateAsync", "GetProgressAsync", "GetStatusAsync"];

    /// <summary>Keeps the share that <c>OTEL_TRACES_SAMPLER_ARG</c> names; all without.</summary>
    public static QuietSampler FromEnvironment() =>
        new(
            double.TryParse(
                Environment.GetEnvironmentVariable(ShareVariable),
                NumberStyles.Float,
                CultureInfo.InvariantCulture,
                out double share
            ) && share is >= 0 and <= 1
                ? share
                : 1
        );

    /// <inheritdoc />
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
        IsLook(samplingParameters.Name)
            ? new SamplingResult(SamplingDecision.Drop)
            : _others.ShouldSample(samplingParameters);

    private static bool IsLook(string name)
    {
        foreach (string look in Looks)
            if (name.EndsWith(look, StringComparison.Ordinal))
                return true;
        return false;
    }
}
