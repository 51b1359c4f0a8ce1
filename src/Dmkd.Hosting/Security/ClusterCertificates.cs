using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dmkd.Hosting.Security;

/// <summary>A program's certificate, its key, and the authority that it believes. Owns them.</summary>
public sealed class ClusterCertificates : IDisposable
{
    private readonly OwnCertificate _own;

    private ClusterCertificates(
        X509Certificate2 authority,
        OwnCertificate own,
        CertificateCheck check,
        TimeProvider time
    )
    {
        Authority = authority;
        _own = own;
        Time = time;
        Check = check;
    }

    /// <summary>Whose the certificate is.</summary>
    public CallerIdentity Identity { get; private init; } = null!;

    /// <summary>Whose signature counts. Borrowed by who reads it.</summary>
    public X509Certificate2 Authority { get; }

    /// <summary>
    /// The certificate, with its private key; another one once its file has changed. Borrowed by who reads it.
    /// </summary>
    public X509Certificate2 Own => _own.Current;

    /// <summary>Why a certificate that was put in the old one's place is not used; null when there is none.</summary>
    public string? RenewalProblem => _own.Problem;

    /// <summary>What counts.</summary>
    internal CertificateCheck Check { get; }

    /// <summary>What time it is.</summary>
    internal TimeProvider Time { get; }

    /// <summary>
    /// Reads a folder of <c>ca.crt</c>, <c>tls.crt</c>, <c>tls.key</c> and, where there is one, <c>ca.crl</c>, and
    /// checks what a connection would find wrong later.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="isSilo">Whether a silo is to use them: silos have the role silo, and nobody else.</param>
    /// <param name="time">What time it is.</param>
    /// <exception cref="CertificateException">A file is missing or broken, or the certificate would be
    /// refused.</exception>
    public static ClusterCertificates Load(string folder, bool isSilo, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        if (!Directory.Exists(folder))
            throw new CertificateException(
                $"There is no folder {folder} of certificates; make one with dmkd certs issue."
            );
        var authority = PemFiles.ReadCertificate(Path.Combine(folder, CertificateFiles.Authority));
        var own = PemFiles.ReadWithKey(
            Path.Combine(folder, CertificateFiles.Own),
            Path.Combine(folder, CertificateFiles.OwnKey)
        );
        var revocations = new Revocations(Path.Combine(folder, CertificateFiles.Revoked), authority);
        revocations.RequireReadable();
        var check = new CertificateCheck(authority, revocations, time);
        if (ProblemOf(own, isSilo, check, out var identity) is not { } problem)
            return new ClusterCertificates(
                authority,
                new OwnCertificate(folder, own, renewed => RenewalProblemOf(renewed, isSilo, check, identity!)),
                check,
                time
            )
            {
                Identity = identity!,
            };
        authority.Dispose();
        own.Dispose();
        throw new CertificateException($"{Path.Combine(folder, CertificateFiles.Own)}: {problem}.");
    }

    private static string? ProblemOf(
        X509Certificate2 own,
        bool isSilo,
        CertificateCheck check,
        out CallerIdentity? identity
    )
    {
        if (check.ProblemOf(own, asServer: isSilo, out identity) is { } problem)
            return problem;
        if (isSilo == (identity!.Role == AccessRole.Silo))
            return null;
        string wanted = isSilo
            ? "a silo needs the role silo"
            : "that of a silo is for silos, clients have reader, node or operator";
        return $"the certificate '{own.Subject}' has the role {AccessRoles.NameOf(identity.Role)}; {wanted}";
    }

    private static string? RenewalProblemOf(
        X509Certificate2 renewed,
        bool isSilo,
        CertificateCheck check,
        CallerIdentity before
    )
    {
        if (ProblemOf(renewed, isSilo, check, out var identity) is { } problem)
            return problem;
        return identity == before ? null : $"it is that of {identity}, not of {before}; that needs a restart";
    }

    /// <summary>
    /// Whose a certificate is that somebody shows as a client; null when it does not count in this cluster.
    /// </summary>
    /// <param name="certificate">What they show. Borrowed.</param>
    public CallerIdentity? IdentityOf(X509Certificate2 certificate) =>
        Check.ProblemOf(certificate, asServer: false, out var identity) is null ? identity : null;

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
        _own.Dispose();
    }
}

/// <summary>Names of the files in a folder of certificates, all PEM; those of a Kubernetes TLS secret.</summary>
public static class CertificateFiles
{
    /// <summary>Certificate of the cluster's authority: the only one whose signature counts.</summary>
    public const string Authority = "ca.crt";

    /// <summary>The authority's private key; stays where certificates are issued.</summary>
    public const string AuthorityKey = "ca.key";

    /// <summary>
    /// What the authority took back, a revocation list; read again whenever it changes. May be missing.
    /// </summary>
    public const string Revoked = "ca.crl";

    /// <summary>What the authority issued, a line each; stays where certificates are issued.</summary>
    public const string Issued = "issued.txt";

    /// <summary>The holder's certificate.</summary>
    public const string Own = "tls.crt";

    /// <summary>The holder's private key.</summary>
    public const string OwnKey = "tls.key";
}

/// <summary>Certificates and keys as PEM files. Messages name files, never what is in them.</summary>
internal static class PemFiles
{
    /// <summary>Reads a certificate. Owned by the caller.</summary>
    /// <exception cref="CertificateException">There is none.</exception>
    public static X509Certificate2 ReadCertificate(string path) =>
        Read(path, "certificate", () => X509Certificate2.CreateFromPem(File.ReadAllText(path)));

    /// <summary>Reads a certificate and its private key. Owned by the caller.</summary>
    /// <exception cref="CertificateException">One is missing, they do not belong together, or the key is not of an
    /// elliptic curve.</exception>
    public static X509Certificate2 ReadWithKey(string certificatePath, string keyPath)
    {
        ReadCertificate(certificatePath).Dispose();
        var read = Read(
            keyPath,
            $"private key of {Path.GetFileName(certificatePath)}",
            () => X509Certificate2.CreateFromPemFile(certificatePath, keyPath)
        );
        using var key = read.GetECDsaPrivateKey();
        if (key is not null)
            return read;
        read.Dispose();
        throw new CertificateException(
            $"{keyPath} must be a key of an elliptic curve (ECDSA), as dmkd certs makes them."
        );
    }

    private static X509Certificate2 Read(string path, string what, Func<X509Certificate2> read)
    {
        if (!File.Exists(path))
            throw new CertificateException($"{path} is missing: it must hold the {what} as PEM.");
        try
        {
            return read();
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new CertificateException($"{path} does not hold the {what} as PEM.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException($"{path} cannot be read: {e.Message}");
        }
    }
}

/// <summary>A certificate just made, and its private key.</summary>
/// <param name="Certificate">PEM.</param>
/// <param name="Key">PEM of PKCS #8. A secret.</param>
/// <param name="NotAfter">When it ends, UTC.</param>
/// <param name="Thumbprint">SHA-1 of the certificate, by which tools show it.</param>
public sealed record PemPair(string Certificate, string Key, DateTime NotAfter, string Thumbprint)
{
    /// <summary>Serial number of an issued certificate, hexadecimal; empty for an authority's.</summary>
    public string Serial { get; init; } = "";

    /// <summary>Without the key: a record would print it.</summary>
    public override string ToString() => Thumbprint;
}
