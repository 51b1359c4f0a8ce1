using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace Dmkd.Hosting.Security;

/// <summary>Certificates for silos and clients: encrypted connections, and who may call what (docs/adr/0021).</summary>
public static class SecurityExtensions
{
    /// <summary>
    /// Orleans' TLS package writes a stack for every stranger who connects; PeerTls says why in a line.
    /// </summary>
    private const string TlsLog = "Orleans.Connections.Security";

    /// <summary>
    /// Makes a silo speak TLS only, with peers that have a certificate of its authority, and hold clients to their
    /// roles.
    /// </summary>
    /// <param name="silo">The silo.</param>
    /// <param name="certificates">The silo's certificate. Borrowed while the silo runs.</param>
    /// <param name="callsPerSecond">Calls a second that a client may make to this silo; null for the default.</param>
    public static ISiloBuilder UseCertificates(
        this ISiloBuilder silo,
        ClusterCertificates certificates,
        int? callsPerSecond = null
    )
    {
        silo.Services.AddTls(certificates);
        silo.Services.AddOptions<SiloConnectionOptions>()
            .Configure<PeerTls>(
                (options, tls) =>
                {
                    options.ConfigureSiloInboundConnection(builder => tls.Listen(builder, AccessRole.Silo));
                    options.ConfigureSiloOutboundConnection(tls.Connect);
                    options.ConfigureGatewayInboundConnection(builder =>
                        tls.Listen(builder, AccessRole.Reader, AccessRole.Node, AccessRole.Operator)
                    );
                }
            );
        return silo.HoldToRoles(certificates, callsPerSecond);
    }

    /// <summary>
    /// Makes a client speak TLS only, with silos that have a certificate of its authority, and show who it is.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="certificates">The client's certificate. Borrowed while the client runs.</param>
    public static IClientBuilder UseCertificates(this IClientBuilder client, ClusterCertificates certificates)
    {
        client.Services.AddTls(certificates);
        client
            .Services.AddOptions<ClientConnectionOptions>()
            .Configure<PeerTls>((options, tls) => options.ConfigureConnection(tls.Connect));
        return client.ShowToken(certificates);
    }

    /// <summary>Has a silo remove entries of its cluster's audit that are older than is wanted.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="kept">How long entries stay, at least 30 days.</param>
    public static ISiloBuilder KeepAudit(this ISiloBuilder silo, TimeSpan kept)
    {
        silo.Services.AddHostedService(services => new AuditRetention(
            services.GetRequiredService<IAuditLog>(),
            kept,
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILogger<AuditRetention>>()
        ));
        return silo;
    }

    /// <summary>Why a connection of this program was last refused; null when none was.</summary>
    public static string? LastTlsRefusal(this IServiceProvider services) => services.GetService<PeerTls>()?.LastRefusal;

    /// <summary>The roles without the encryption, and the form of what clients send.</summary>
    internal static ISiloBuilder HoldToRoles(
        this ISiloBuilder silo,
        ClusterCertificates certificates,
        int? callsPerSecond = null
    )
    {
        silo.Services.AddTokens(certificates);
        silo.Services.TryAddSingleton(TimeProvider.System);
        silo.Services.TryAddSingleton<TokenCheck>();
        silo.Services.TryAddSingleton(_ => new CallLimits(callsPerSecond ?? CallLimits.DefaultPerSecond));
        silo.Services.TryAddSingleton<IAuditLog, LoggedAudit>();
        silo.Services.TryAddSingleton<ClientMessages>();
        silo.Services.AddOptions<SiloConnectionOptions>()
            .Configure<ClientMessages>(
                (options, messages) => options.ConfigureGatewayInboundConnection(messages.Check)
            );
        silo.AddOutgoingGrainCallFilter<TokenFilter>();
        return silo.AddIncomingGrainCallFilter<AccessFilter>();
    }

    /// <summary>The token without the encryption.</summary>
    internal static IClientBuilder ShowToken(this IClientBuilder client, ClusterCertificates certificates)
    {
        client.Services.AddTokens(certificates);
        return client.AddOutgoingGrainCallFilter<TokenFilter>();
    }

    private static void AddTls(this IServiceCollection services, ClusterCertificates certificates)
    {
        services.TryAddSingleton(certificates);
        services.TryAddSingleton<PeerTls>();
        services.Configure<LoggerFilterOptions>(options => options.AddFilter(TlsLog, LogLevel.None));
    }

    private static void AddTokens(this IServiceCollection services, ClusterCertificates certificates)
    {
        services.TryAddSingleton(certificates);
        services.TryAddSingleton<TokenSource>();
    }
}
