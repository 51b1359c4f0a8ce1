using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Orleans.Connections.Security;

namespace Dmkd.Hosting.Security;

/// <summary>
/// Mutual TLS 1.3 by Orleans' own package; here is only what it does not know: who is welcome on which port, and the
/// reason in one line. A peer that is not is refused before a byte of Orleans' protocol is read. Names of hosts mean
/// nothing: silos are found by address, and the role says who may listen.
/// </summary>
internal sealed partial class PeerTls(ClusterCertificates certificates, ILogger<PeerTls> logger)
{
    private const string ServerName = "dmkd";

    /// <summary>The connection whose handshake is under way: the package's validator is not told which it is.</summary>
    private static readonly AsyncLocal<Handshake?> Current = new();

    private volatile Shown _shown = Shown.Of(certificates.Own);
    private volatile string? _lastRefusal,
        _toldProblem;

    /// <summary>
    /// Why the last connection was refused, for programs that tell a person rather than a log; null when none was.
    /// </summary>
    public string? LastRefusal => _lastRefusal;

    /// <summary>Listens for peers of some roles.</summary>
    public void Listen(IConnectionBuilder builder, params AccessRole[] roles)
    {
        var options = Options(roles, isPeerServer: false);
        options.OnAuthenticateAsServer = (_, handshake) =>
        {
            var tls = (SslServerAuthenticationOptions)handshake.SslServerAuthenticationOptions;
            tls.ServerCertificate = null;
            tls.ServerCertificateSelectionCallback = null;
            tls.ServerCertificateContext = Own();
            tls.AllowTlsResume = false; // every connection shows its certificate
            tls.CertificateChainPolicy = certificates.Check.Policy(asServer: false);
        };
        builder.Use(next => connection => ReportAsync(connection, next));
        builder.UseServerTls(options);
        builder.Use(next => connection => RequireCertificateAsync(connection, next));
    }

    /// <summary>Connects to silos.</summary>
    public void Connect(IConnectionBuilder builder)
    {
        var options = Options([AccessRole.Silo], isPeerServer: true);
        options.OnAuthenticateAsClient = (_, handshake) =>
        {
            var tls = (SslClientAuthenticationOptions)handshake.SslClientAuthenticationOptions;
            tls.TargetHost = ServerName;
            tls.ClientCertificates = null;
            tls.LocalCertificateSelectionCallback = null;
            tls.ClientCertificateContext = Own();
            tls.AllowTlsResume = false;
            tls.CertificateChainPolicy = certificates.Check.Policy(asServer: true);
        };
        builder.Use(next => connection => ReportAsync(connection, next));
        builder.UseClientTls(options);
        builder.Use(next => connection => RequireCertificateAsync(connection, next));
    }

    /// <summary>The certificate that this program shows, or the one that has taken its place.</summary>
    private SslStreamCertificateContext Own()
    {
        var own = certificates.Own;
        if (!ReferenceEquals(_shown.Certificate, own))
        {
            _shown = Shown.Of(own);
            LogRenewed(logger, own.NotAfter.ToUniversalTime());
        }

        string? problem = certificates.RenewalProblem;
        if (problem is not null && problem != _toldProblem)
            LogNotRenewed(logger, problem);
        _toldProblem = problem;
        return _shown.Context;
    }

    private TlsOptions Options(AccessRole[] roles, bool isPeerServer) =>
        new()
        {
            LocalCertificate = certificates.Own,
            SslProtocols = SslProtocols.Tls13,
            ClientCertificateMode = RemoteCertificateMode.RequireCertificate,

            // One that is missing is refused by RequireCertificateAsync, which can say so; the package says the same of
            // it as of a broken handshake.
            RemoteCertificateMode = RemoteCertificateMode.AllowCertificate,
            RemoteCertificateValidation = (peer, _, _) => Accepts(peer, roles, isPeerServer),
        };

    private bool Accepts(X509Certificate2 peer, AccessRole[] roles, bool isPeerServer)
    {
        string? problem = certificates.Check.ProblemOf(peer, isPeerServer, out var identity);
        if (problem is null && !roles.Contains(identity!.Role))
        {
            string taken = string.Join(", ", roles.Select(AccessRoles.NameOf));
            problem = $"the certificate of {identity} is not for this port, which takes {taken}";
        }

        Current.Value!.Problem = problem;
        return problem is null;
    }

    private static Task RequireCertificateAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var handshake = Current.Value!;
        if (connection.Features.Get<ITlsConnectionFeature>()?.RemoteCertificate is null)
        {
            handshake.Problem = "the peer presented no certificate";
            return Task.CompletedTask;
        }

        handshake.IsDone = true;
        return next(connection);
    }

    private async Task ReportAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var handshake = new Handshake();
        Current.Value = handshake;
        await next(connection);
        if (handshake.IsDone)
            return;
        string reason = handshake.Problem ?? "no TLS handshake";
        _lastRefusal = reason;
        LogRefused(logger, connection.RemoteEndPoint?.ToString() ?? "?", reason);
        connection.Abort();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Connection with {Peer} refused: {Reason}")]
    private static partial void LogRefused(ILogger logger, string peer, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Certificate renewed: it counts until {End:u}")]
    private static partial void LogRenewed(ILogger logger, DateTime end);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The certificate's files have changed and are not used, the old one is: {Problem}"
    )]
    private static partial void LogNotRenewed(ILogger logger, string problem);

    private sealed record Shown(X509Certificate2 Certificate, SslStreamCertificateContext Context)
    {
        public static Shown Of(X509Certificate2 certificate) =>
            new(
                certificate,
                SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true)
            );
    }

    private sealed class Handshake
    {
        public string? Problem { get; set; }

        public bool IsDone { get; set; }
    }
}
