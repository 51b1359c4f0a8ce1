namespace Dmkd.Grains.Security.Certificates;

/// <summary>Names of the files in a folder of certificates, all PEM; those of a Kubernetes TLS secret.</summary>
public static class CertificateFiles
{
    /// <summary>Certificate of the cluster's authority: the only one whose signature counts.</summary>
    public const string Authority = "ca.crt";

    /// <summary>The authority's private key; stays where certificates are issued.</summary>
    public const string AuthorityKey = "ca.key";

    /// <summary>What the authority took back, a revocation list; read again whenever it changes. May be missing.</summary>
    public const string Revoked = "ca.crl";

    /// <summary>What the authority issued, a line each; stays where certificates are issued.</summary>
    public const string Issued = "issued.txt";

    /// <summary>The holder's certificate.</summary>
    public const string Own = "tls.crt";

    /// <summary>The holder's private key.</summary>
    public const string OwnKey = "tls.key";
}
