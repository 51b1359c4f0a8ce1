using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests.Cluster;

/// <summary>
/// An authority and certificates as the program makes them, and one that has expired, which it does not make.
/// </summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private TestCertificates() { }

    public string Authority => _folder["authority"];

    /// <summary>Makes an authority by the program.</summary>
    public static async Task<TestCertificates> CreateAsync()
    {
        var made = new TestCertificates();
        (await DmkdCommand.RunPlainAsync("certs", "create-authority", "--output", made.Authority)).IsSuccess();
        return made;
    }

    /// <summary>Issues a certificate by the program.</summary>
    /// <returns>Its folder.</returns>
    public async Task<string> IssueAsync(string role, string name, string? folder = null)
    {
        string output = _folder[folder ?? name];
        (
            await DmkdCommand.RunPlainAsync(
                "certs",
                "issue",
                "--authority",
                Authority,
                "--role",
                role,
                "--name",
                name,
                "--output",
                output
            )
        ).IsSuccess();
        return output;
    }

    /// <summary>A certificate of the authority that ended yesterday. Owned by the caller.</summary>
    public X509Certificate2 Expired(string role)
    {
        using var authority = X509Certificate2.CreateFromPemFile(
            Path.Combine(Authority, "ca.crt"),
            Path.Combine(Authority, "ca.key")
        );
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=late, OU={role}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension(
                [new Oid("1.3.6.1.5.5.7.3.2"), new Oid("1.3.6.1.5.5.7.3.1")],
                critical: false
            )
        );
        var start = new DateTimeOffset(authority.NotBefore);
        using var issued = request.Create(
            authority.SubjectName,
            X509SignatureGenerator.CreateForECDsa(authority.GetECDsaPrivateKey()!),
            start.AddDays(-9),
            start.AddDays(-1),
            [1, 2, 3]
        );
        return issued.CopyWithPrivateKey(key);
    }

    /// <summary>A folder of a certificate that ended yesterday.</summary>
    public string ExpiredFolder(string role)
    {
        using var expired = Expired(role);
        using var key = expired.GetECDsaPrivateKey()!;
        Directory.CreateDirectory(_folder["expired"]);
        File.Copy(Path.Combine(Authority, "ca.crt"), Path.Combine(_folder["expired"], "ca.crt"));
        File.WriteAllText(Path.Combine(_folder["expired"], "tls.crt"), expired.ExportCertificatePem());
        File.WriteAllText(Path.Combine(_folder["expired"], "tls.key"), key.ExportPkcs8PrivateKeyPem());
        return _folder["expired"];
    }

    public void Dispose() => _folder.Dispose();
}
