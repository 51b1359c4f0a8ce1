using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Dmkd.Client.Tests.Cluster;

/// <summary>Somebody who connects to a port of a silo without being a silo or an Orleans client.</summary>
internal static class RawConnection
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Whether a silo ends a connection at the handshake or right after it, where TLS 1.3 tells a client that its
    /// certificate is not wanted.
    /// </summary>
    /// <param name="port">A port of the silo.</param>
    /// <param name="certificate">What is presented; null for none.</param>
    /// <param name="protocols">Versions of TLS that are offered.</param>
    /// <param name="patience">How long a connection that stays open is watched; null for the limit.</param>
    /// <param name="sent">What is sent after the handshake; null for nothing.</param>
    public static async Task<bool> IsRefusedAsync(
        int port,
        X509Certificate2? certificate,
        SslProtocols protocols = SslProtocols.Tls13,
        TimeSpan? patience = null,
        byte[]? sent = null
    )
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
#pragma warning disable CA5359 // a stranger does not care who the silo is
        await using var stream = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
#pragma warning restore CA5359
        using var limit = new CancellationTokenSource(patience ?? Limit);
        try
        {
            var options = new SslClientAuthenticationOptions { TargetHost = "dmkd", EnabledSslProtocols = protocols };
            if (certificate is not null)
                options.ClientCertificateContext = SslStreamCertificateContext.Create(
                    certificate,
                    additionalCertificates: null,
                    offline: true
                );
            await stream.AuthenticateAsClientAsync(options, limit.Token);
            await stream.WriteAsync(sent ?? [], limit.Token);
            return await stream.ReadAsync(new byte[1], limit.Token) == 0;
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Speaks without TLS, and returns how many bytes the silo answers before it hangs up.</summary>
    public static async Task<int> AnswersPlaintextAsync(int port)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        var stream = client.GetStream();
        using var limit = new CancellationTokenSource(Limit);
        await stream.WriteAsync(Encoding.ASCII.GetBytes("Orleans, let me in, I am a silo\r\n\r\n"), limit.Token);
        int bytes = 0;
        try
        {
            byte[] buffer = new byte[1024];
            while (await stream.ReadAsync(buffer, limit.Token) is > 0 and var read)
                bytes += read;
        }
        catch (IOException)
        {
            // hung up at once
        }

        return bytes;
    }
}
