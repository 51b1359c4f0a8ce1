using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dmkd.Core;

namespace Dmkd.Hosting.Security;

/// <summary>
/// Whether a certificate counts in this cluster: issued by its authority and nobody else, valid now, not taken back,
/// with a name and a role. Borrows the authority.
/// </summary>
internal sealed class CertificateCheck(X509Certificate2 authority, Revocations revocations, TimeProvider time)
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2",
        ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>
    /// What decided besides the certificate and the time: another object whenever that may have changed.
    /// </summary>
    public object Revoked => revocations.Current;

    /// <summary>Looks at a certificate.</summary>
    /// <param name="certificate">What somebody presents.</param>
    /// <param name="asServer">Whether it is presented by the side that listens.</param>
    /// <param name="identity">Whose it is; null when it does not count.</param>
    /// <returns>What is wrong; null when it counts.</returns>
    public string? ProblemOf(X509Certificate2 certificate, bool asServer, out CallerIdentity? identity)
    {
        identity = null;
        string whose = $"the certificate '{OneLine.Of(certificate.Subject)}'";
        using var chain = new X509Chain { ChainPolicy = Policy(asServer) };
        if (!chain.Build(certificate))
            return Explain(whose, certificate, chain);
        var holder = CertificateSubject.IdentityOf(certificate);
        if (revocations.ProblemOf(certificate, holder?.Role is AccessRole.Silo) is { } problem)
            return $"{whose} {problem}";
        identity = holder;
        return identity is null
            ? $"{whose} names no holder and role: its subject must be CN=<name>, OU=<one of "
                + $"{string.Join(", ", AccessRoles.Names)}>"
            : null;
    }

    /// <summary>
    /// How .NET's own check of a connection is to look at chains: never at the machine's store, never on the network.
    /// </summary>
    public X509ChainPolicy Policy(bool asServer)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            VerificationTimeIgnored = false,
            VerificationTime = time.GetLocalNow().LocalDateTime,
        };
        policy.CustomTrustStore.Add(authority);
        policy.ApplicationPolicy.Add(new Oid(asServer ? ServerAuthentication : ClientAuthentication));
        return policy;
    }

    private string Explain(string whose, X509Certificate2 certificate, X509Chain chain)
    {
        var flags = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, status) => all | status.Status);
        const X509ChainStatusFlags foreign =
            X509ChainStatusFlags.UntrustedRoot
            | X509ChainStatusFlags.PartialChain
            | X509ChainStatusFlags.NotSignatureValid;
        if ((flags & foreign) != 0)
            return $"{whose} was not issued by the cluster's authority '{authority.Subject}'";
        var now = time.GetUtcNow();
        if (now > certificate.NotAfter)
            return $"{whose} expired on {Moment(certificate.NotAfter)}; issue a new one with dmkd certs issue";
        if (now < certificate.NotBefore)
            return $"{whose} is valid only from {Moment(certificate.NotBefore)}; look at the clocks";
        if (now > authority.NotAfter)
            return $"the cluster's authority '{authority.Subject}' expired on {Moment(authority.NotAfter)}";
        return $"{whose} cannot be used: {flags}";
    }

    private static string Moment(DateTime moment) =>
        moment.ToUniversalTime().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}

/// <summary>Certificates cannot be read, made or used; the message names the file and says what to do.</summary>
public sealed class CertificateException(string message) : Exception(message);
