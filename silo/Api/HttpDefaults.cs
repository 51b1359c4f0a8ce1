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
        app.MapHealth();
        app.MapPrometheus();
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

/// <summary>
/// Gives every refusal a body, <c>{"error": "..."}</c>: without one, callers say only that the answer was empty.
/// </summary>
internal static class HttpErrors
{
    /// <summary>Comes first, around all that may refuse.</summary>
    public static WebApplication UseErrorBodies(this WebApplication app)
    {
        app.Use(AnswerAsync);
        return app;
    }

    private static async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        string? problem = null;
        try
        {
            await next(context);
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            context.Response.StatusCode = e.StatusCode;
            problem = e.Message;
        }
        catch (InvalidDataException) when (!context.Response.HasStarted)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            problem = "The body is not what its Content-Encoding says.";
        }

        var response = context.Response;
        bool hasBody = response.HasStarted || response.ContentType is not null || response.ContentLength > 0;
        if (response.StatusCode >= StatusCodes.Status400BadRequest && !hasBody)
            await response.WriteAsJsonAsync(
                new Dictionary<string, string> { ["error"] = problem ?? MessageOf(response.StatusCode) },
                context.RequestAborted
            );
    }

    private static string MessageOf(int status) =>
        status switch
        {
            StatusCodes.Status401Unauthorized =>
                "Say who you are: Authorization: Bearer with a key, or a certificate of the cluster.",
            StatusCodes.Status403Forbidden => "Your role may not ask for this.",
            StatusCodes.Status404NotFound => "There is nothing at this path.",
            StatusCodes.Status405MethodNotAllowed => "This path does not take this method.",
            StatusCodes.Status413PayloadTooLarge => "The body is too large.",
            StatusCodes.Status415UnsupportedMediaType => "The body is of a type that this path does not take.",
            StatusCodes.Status429TooManyRequests => "You ask too often; wait a moment.",
            _ => $"The request was refused with status {status}.",
        };
}
