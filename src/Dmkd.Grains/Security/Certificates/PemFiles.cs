using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dmkd.Grains.Security.Certificates;

/// <summary>Certificates and keys as PEM files. Messages name files, never what is in them.</summary>
internal static class PemFiles
{
    /// <summary>Reads a certificate. Owned by the caller.</summary>
    /// <exception cref="CertificateException">There is none.</exception>
    public static X509Certificate2 ReadCertificate(string path) => Read(path, "certificate", () => X509Certificate2.CreateFromPem(File.ReadAllText(path)));

    /// <summary>Reads a certificate and its private key. Owned by the caller.</summary>
    /// <exception cref="CertificateException">One is missing, they do not belong together, or the key is not of an elliptic curve.</exception>
    public static X509Certificate2 ReadWithKey(string certificatePath, string keyPath)
    {
        ReadCertificate(certificatePath).Dispose();
        var read = Read(keyPath, $"private key of {Path.GetFileName(certificatePath)}", () => X509Certificate2.CreateFromPemFile(certificatePath, keyPath));
        using var key = read.GetECDsaPrivateKey();
        if (key is not null) return read;
        read.Dispose();
        throw new CertificateException($"{keyPath} must be a key of an elliptic curve (ECDSA), as dmkd certs makes them.");
    }

    private static X509Certificate2 Read(string path, string what, Func<X509Certificate2> read)
    {
        if (!File.Exists(path)) throw new CertificateException($"{path} is missing: it must hold the {what} as PEM.");
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
