using Dmkd.Silo.Health;
using Dmkd.Silo.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;

namespace Dmkd.Silo.Api;

/// <summary>What the silo serves over HTTP: each group of endpoints adds its services and its routes here.</summary>
internal static class HttpDefaults
{
    /// <summary>No endpoint of ours takes a body yet; one that does raises the limit for itself.</summary>
    private const long MaxBodyBytes = 64 << 10;

    /// <summary>For endpoints that only read: other methods are refused.</summary>
    private static HttpMethodMetadata Reads { get; } = new([HttpMethods.Get, HttpMethods.Head]);

    /// <summary>
    /// Has the host listen on the silo's address and nowhere else, whatever ASPNETCORE_URLS says; by TLS where the silo
    /// has a certificate.
    /// </summary>
    /// <param name="builder">The host.</param>
    /// <param name="settings">Address and port.</param>
    public static WebApplicationBuilder AddHttp(this WebApplicationBuilder builder, SiloSettings settings)
    {
        if (settings.Options.HttpPort == 0)
        {
            builder.Services.AddSingleton<IServer, NoServer>();
            return builder;
        }

        builder.WebHost.UseSetting(WebHostDefaults.ServerUrlsKey, "").UseSetting(WebHostDefaults.HttpPortsKey, "");
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
            kestrel.Limits.MaxConcurrentConnections = settings.Options.HttpConnections;
            kestrel.Limits.MaxConcurrentUpgradedConnections = settings.Options.HttpConnections;
            kestrel.Listen(
                settings.Address,
                settings.Options.HttpPort,
                listen =>
                {
                    if (settings.Certificates is { } certificates)
                        listen.UseHttps(https => https.AskForCertificate(certificates));
                }
            );
        });
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Services.AddAccess(settings);
        builder.Services.AddHealth();
        builder.Services.AddPrometheus();
        return builder;
    }

    /// <summary>Maps the endpoints.</summary>
    /// <param name="app">The host, built.</param>
    /// <param name="settings">Address and port.</param>
    public static WebApplication MapHttp(this WebApplication app, SiloSettings settings)
    {
        if (settings.Options.HttpPort == 0)
            return app;
        app.UseErrorBodies();
        app.UseAuthentication();
        app.UseAuthorization();
        var reading = app.MapGroup("").WithMetadata(Reads);
        reading.MapHealth();
        reading.MapPrometheus();
        return app;
    }
}

/// <summary>The silo's metrics as Prometheus reads them.</summary>
internal static class MetricsEndpoints
{
    /// <summary>A page of some hundred series takes a hundredth of it; each instrument has at most 2,000.</summary>
    private const int MaxPageBytes = 16 << 20;

    /// <summary>Has the meters collected for Prometheus too.</summary>
    public static IServiceCollection AddPrometheus(this IServiceCollection services) =>
        services.ConfigureOpenTelemetryMeterProvider(metrics =>
            metrics.AddPrometheusExporter(options => options.MaxScrapeResponseSizeBytes = MaxPageBytes)
        );

    /// <summary><c>/metrics</c>.</summary>
    public static IEndpointRouteBuilder MapPrometheus(this IEndpointRouteBuilder routes)
    {
        routes.MapPrometheusScrapingEndpoint("/metrics").RequireAuthorization(HttpAccess.Reading);
        return routes;
    }
}

/// <summary>Takes Kestrel's place where HTTP is off: Kestrel without an address would listen on port 5000.</summary>
internal sealed class NoServer : IServer
{
    public IFeatureCollection Features { get; } = new FeatureCollection();

    public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() { }
}
