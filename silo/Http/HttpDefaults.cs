using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;

namespace Dmkd.Silo.Http;

/// <summary>What the silo serves over HTTP: each group of endpoints adds its services and its routes here.</summary>
internal static class HttpDefaults
{
    /// <summary>No endpoint of ours takes a body yet; one that does raises the limit for itself.</summary>
    private const long MaxBodyBytes = 64 << 10;

    /// <summary>
    /// Has the host listen on the silo's address and nowhere else, whatever ASPNETCORE_URLS says; by TLS where the
    /// silo has a certificate.
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
            kestrel.Listen(settings.Address, settings.Options.HttpPort, listen =>
            {
                if (settings.Certificates is { } certificates) listen.UseHttps(https => https.AskForCertificate(certificates));
            });
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
        if (settings.Options.HttpPort == 0) return app;
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapHealth();
        app.MapPrometheus();
        return app;
    }
}
