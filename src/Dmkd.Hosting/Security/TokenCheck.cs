using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Dmkd.Hosting.Security;

/// <summary>
/// Whose a token is. Tokens that were found good are remembered until they end, or certificates are taken back.
/// </summary>
internal sealed class TokenCheck(ClusterCertificates certificates, IOptions<ClusterOptions> cluster)
{
    private const int MaxRemembered = 1024;

    /// <summary>Clocks of machines may differ by this much.</summary>
    private static readonly TimeSpan ClockAllowance = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<
        string,
        (CallerIdentity Identity, DateTimeOffset Until, object Revoked)
    > _known = new(StringComparer.Ordinal);

    /// <summary>Whose a token is; null with the reason when it does not count.</summary>
    public CallerIdentity? IdentityOf(string token, out string? problem)
    {
        problem = null;
        var now = certificates.Time.GetUtcNow();
        object revoked = certificates.Check.Revoked;
        if (_known.TryGetValue(token, out var known) && now <= known.Until && ReferenceEquals(known.Revoked, revoked))
            return known.Identity;
        if (CallerToken.Read(token) is not { } read)
            problem = "its token cannot be read";
        else if (Verified(read, now, out var until, out problem) is { } identity)
        {
            if (_known.Count >= MaxRemembered)
                _known.Clear();
            _known[token] = (identity, until, revoked);
            return identity;
        }

        return null;
    }

    private CallerIdentity? Verified(
        CallerToken token,
        DateTimeOffset now,
        out DateTimeOffset until,
        out string? problem
    )
    {
        long last = now.ToUnixTimeSeconds() + (long)(TokenSource.Validity + ClockAllowance).TotalSeconds;
        until = token.Until <= last ? DateTimeOffset.FromUnixTimeSeconds(token.Until) + ClockAllowance : default;
        if (token.Until > last)
            problem = "its token is of the future; look at the clocks";
        else if (now > until)
            problem = "its token has expired; look at the clocks";
        else
            return Signed(token, out problem);
        return null;
    }

    private CallerIdentity? Signed(CallerToken token, out string? problem)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(token.Certificate);
            problem = certificates.Check.ProblemOf(certificate, asServer: false, out var identity);
            using var key = certificate.GetECDsaPublicKey();
            if (
                problem is null
                && key?.VerifyData(
                    CallerToken.Message(cluster.Value.ClusterId, token.Until, token.Certificate),
                    token.Signature,
                    HashAlgorithmName.SHA256
                ) != true
            )
                problem = "its token's signature is wrong";
            return problem is null ? identity : null;
        }
        catch (CryptographicException)
        {
            problem = "its token holds no certificate";
            return null;
        }
    }
}

/// <summary>
/// Shows this program's token with every call that it makes. In a silo it takes the place of the token that came with
/// the call under way: what a grain asks of others, the silo asks.
/// </summary>
internal sealed class TokenFilter(TokenSource tokens) : IOutgoingGrainCallFilter
{
    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        // Set in an asynchronous method, it is gone when the call returns. Clients get none: it would let them speak
        // for the silo.
        if (context.TargetId.IsClient())
            RequestContext.Remove(CallerToken.Key);
        else
            RequestContext.Set(CallerToken.Key, tokens.Current());
        await context.Invoke();
    }
}
