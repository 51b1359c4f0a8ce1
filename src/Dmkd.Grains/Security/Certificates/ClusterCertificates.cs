using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dmkd.Grains.Security.Certificates;

/// <summary>A program's certificate, its key, and the authority that it believes. Owns them.</summary>
public sealed class ClusterCertificates : IDisposable
{
    private ClusterCertificates(X509Certificate2 authority, X509Certificate2 own, CertificateCheck check, TimeProvider time)
    {
        Authority = authority;
        Own = own;
        Time = time;
        Check = check;
    }

    /// <summary>Whose the certificate is.</summary>
    public CallerIdentity Identity { get; private init; } = null!;

    /// <summary>Whose signature counts. Borrowed by who reads it.</summary>
    public X509Certificate2 Authority { get; }

    /// <summary>The certificate, with its private key. Borrowed by who reads it.</summary>
    public X509Certificate2 Own { get; }

    /// <summary>What counts.</summary>
    internal CertificateCheck Check { get; }

    /// <summary>What time it is.</summary>
    internal TimeProvider Time { get; }

    /// <summary>Reads a folder of <c>ca.crt</c>, <c>tls.crt</c>, <c>tls.key</c> and, where there is one, <c>ca.crl</c>, and checks what a connection would find wrong later.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="isSilo">Whether a silo is to use them: silos have the role silo, and nobody else.</param>
    /// <param name="time">What time it is.</param>
    /// <exception cref="CertificateException">A file is missing or broken, or the certificate would be refused.</exception>
    public static ClusterCertificates Load(string folder, bool isSilo, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        if (!Directory.Exists(folder)) throw new CertificateException($"There is no folder {folder} of certificates; make one with dmkd certs issue.");
        var authority = PemFiles.ReadCertificate(Path.Combine(folder, CertificateFiles.Authority));
        var own = PemFiles.ReadWithKey(Path.Combine(folder, CertificateFiles.Own), Path.Combine(folder, CertificateFiles.OwnKey));
        var revocations = new Revocations(Path.Combine(folder, CertificateFiles.Revoked), authority);
        revocations.RequireReadable();
        var check = new CertificateCheck(authority, revocations, time);
        string? problem = check.ProblemOf(own, asServer: isSilo, out var identity);
        if (problem is null && isSilo != (identity!.Role == AccessRole.Silo))
            problem = $"the certificate '{own.Subject}' has the role {AccessRoles.NameOf(identity.Role)}; {(isSilo ? "a silo needs the role silo" : "that of a silo is for silos, clients have reader, node or operator")}";
        if (problem is null) return new ClusterCertificates(authority, own, check, time) { Identity = identity! };
        authority.Dispose();
        own.Dispose();
        throw new CertificateException($"{Path.Combine(folder, CertificateFiles.Own)}: {problem}.");
    }

    /// <summary>Whose a certificate is that somebody shows as a client; null when it does not count in this cluster.</summary>
    /// <param name="certificate">What they show. Borrowed.</param>
    public CallerIdentity? IdentityOf(X509Certificate2 certificate) => Check.ProblemOf(certificate, asServer: false, out var identity) is null ? identity : null;

    /// <summary>Signs as the holder.</summary>
    internal byte[] Sign(byte[] message)
    {
        using var key = Own.GetECDsaPrivateKey()!;
        return key.SignData(message, HashAlgorithmName.SHA256);
    }

    /// <summary>Lets go of certificates and key.</summary>
    public void Dispose()
    {
        Authority.Dispose();
        Own.Dispose();
    }
}
