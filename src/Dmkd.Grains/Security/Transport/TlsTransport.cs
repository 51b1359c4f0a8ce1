using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Dmkd.Grains.Security.Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Security.Transport;

/// <summary>
/// Mutual TLS 1.3 on Orleans' connections. Both sides present a certificate of the cluster's authority; a peer without the right one is refused
/// before a byte of Orleans' protocol is read. Names of hosts mean nothing here: silos are found by address, and the role says who may listen.
/// </summary>
internal sealed partial class TlsTransport(ClusterCertificates certificates, TlsRefusals refusals, ILogger<TlsTransport> logger)
{
    private const string ServerName = "dmkd";

    /// <summary>A peer that connects and says nothing is let go.</summary>
    private static readonly TimeSpan HandshakeLimit = TimeSpan.FromSeconds(10);

    private readonly SslStreamCertificateContext _own = SslStreamCertificateContext.Create(certificates.Own, additionalCertificates: null, offline: true);

    /// <summary>Listens for peers of some roles.</summary>
    public void Listen(IConnectionBuilder builder, params AccessRole[] roles) =>
        builder.Use(next => connection => SecureAsync(connection, next, roles, (stream, judge, cancel) => stream.AuthenticateAsServerAsync(ServerOptions(judge), cancel)));

    /// <summary>Connects to silos.</summary>
    public void Connect(IConnectionBuilder builder) =>
        builder.Use(next => connection => SecureAsync(connection, next, [AccessRole.Silo], (stream, judge, cancel) => stream.AuthenticateAsClientAsync(ClientOptions(judge), cancel)));

    private async Task SecureAsync(
        ConnectionContext connection, ConnectionDelegate next, AccessRole[] roles, Func<SslStream, PeerJudge, CancellationToken, Task> shakeHandsAsync)
    {
        var plain = connection.Transport;
        await using var stream = new SslStream(new PipeStream(plain));
        var judge = new PeerJudge(certificates.Check, roles);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
            limit.CancelAfter(HandshakeLimit);
            await shakeHandsAsync(stream, judge, limit.Token);
        }
        catch (Exception e) when (e is AuthenticationException or IOException or OperationCanceledException or InvalidOperationException or ConnectionAbortedException)
        {
            string reason = judge.Problem ?? (e is OperationCanceledException ? "no TLS handshake within 10 seconds" : $"no TLS handshake: {Line(e)}");
            refusals.Last = reason;
            LogRefused(logger, connection.RemoteEndPoint?.ToString() ?? "?", reason);
            connection.Abort();
            return;
        }

        connection.Transport = new TlsPipe(stream);
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = plain;
        }
    }

    private SslServerAuthenticationOptions ServerOptions(PeerJudge judge) => new()
    {
        ServerCertificateContext = _own,
        ClientCertificateRequired = true,
        EnabledSslProtocols = SslProtocols.Tls13,
        AllowTlsResume = false, // every connection shows its certificate
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = certificates.Check.Policy(asServer: false),
        RemoteCertificateValidationCallback = (_, peer, _, _) => judge.Accepts(peer, asServer: false),
    };

    private SslClientAuthenticationOptions ClientOptions(PeerJudge judge) => new()
    {
        TargetHost = ServerName,
        ClientCertificateContext = _own,
        EnabledSslProtocols = SslProtocols.Tls13,
        AllowTlsResume = false,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = certificates.Check.Policy(asServer: true),
        RemoteCertificateValidationCallback = (_, peer, _, _) => judge.Accepts(peer, asServer: true),
    };

    private static string Line(Exception e) => (e.InnerException ?? e).Message.ReplaceLineEndings(" ").Trim();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Connection with {Peer} refused: {Reason}")]
    private static partial void LogRefused(ILogger logger, string peer, string reason);
}
