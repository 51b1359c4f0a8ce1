using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Dmkd.Hosting.Security;

/// <summary>
/// What a caller shows with every call, since Orleans does not tell a grain which connection a call came by: its
/// certificate, a time until which the token counts, and a signature of both by the certificate's key.
/// <c>certificate.seconds.signature</c>, Base64Url.
/// </summary>
/// <param name="Certificate">DER.</param>
/// <param name="Until">End of the token, in seconds since 1970.</param>
/// <param name="Signature">Over <see cref="Message"/>.</param>
internal sealed record CallerToken(byte[] Certificate, long Until, byte[] Signature)
{
    /// <summary>Key of the token in Orleans' request context.</summary>
    public const string Key = "dmkd.caller";

    private const int Parts = 3,
        MaxCharacters = 8192;

    /// <summary>
    /// What is signed: the purpose, the cluster, the time and the certificate, so that a signature serves nothing else.
    /// </summary>
    public static byte[] Message(string clusterId, long until, byte[] certificate) =>
        [
            .. Encoding.UTF8.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"dmkd caller token 1\n{clusterId}\n{until}\n")
            ),
            .. certificate,
        ];

    /// <summary>Makes a token.</summary>
    public static string Make(ClusterCertificates certificates, string clusterId, DateTimeOffset until)
    {
        byte[] certificate = certificates.Own.Export(X509ContentType.Cert);
        long seconds = until.ToUnixTimeSeconds();
        return new CallerToken(
            certificate,
            seconds,
            certificates.Sign(Message(clusterId, seconds, certificate))
        ).Write();
    }

    /// <summary>Reads a token; null when it is none.</summary>
    public static CallerToken? Read(string text)
    {
        if (text.Length > MaxCharacters || text.Split('.') is not { Length: Parts } parts)
            return null;
        if (!long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long until))
            return null;
        try
        {
            return new CallerToken(Base64Url.DecodeFromChars(parts[0]), until, Base64Url.DecodeFromChars(parts[2]));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private string Write() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Base64Url.EncodeToString(Certificate)}.{Until}.{Base64Url.EncodeToString(Signature)}"
        );
}

/// <summary>Who somebody is.</summary>
/// <param name="Name">The certificate's common name, or the API key's name.</param>
/// <param name="Role">What they are to the cluster.</param>
public sealed record CallerIdentity(string Name, AccessRole Role)
{
    /// <summary>Most characters of a name; what X.509 gives a common name.</summary>
    public const int MaxCharacters = 64;

    /// <summary>What is wrong with a name; null when it may be given.</summary>
    public static string? ProblemOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length is 0 or > MaxCharacters)
            return $"a name has 1 to {MaxCharacters} characters, not {name.Length}";
        char bad = name.FirstOrDefault(letter =>
            !(char.IsAsciiLetterOrDigit(letter) || "._-@".Contains(letter, StringComparison.Ordinal))
        );
        return bad == default ? null : $"a name is made of letters, digits and . _ - @, not '{bad}'";
    }

    /// <summary>For messages.</summary>
    public override string ToString() => $"{AccessRoles.NameOf(Role)} {Name}";
}

/// <summary>This program's token, made again before it ends.</summary>
internal sealed class TokenSource(ClusterCertificates certificates, IOptions<ClusterOptions> cluster)
{
    /// <summary>How long a token counts: what somebody who saw one could do with it.</summary>
    public static readonly TimeSpan Validity = TimeSpan.FromMinutes(10);

    private volatile Made _made = new("", default);

    /// <summary>The token; the same text object until it is made again.</summary>
    public string Current()
    {
        var now = certificates.Time.GetUtcNow();
        if (now < _made.RenewAt)
            return _made.Token;
        _made = new Made(CallerToken.Make(certificates, cluster.Value.ClusterId, now + Validity), now + (Validity / 2));
        return _made.Token;
    }

    private sealed record Made(string Token, DateTimeOffset RenewAt);
}
