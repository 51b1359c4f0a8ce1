using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dmkd.Hosting.Security;

/// <summary>
/// A cluster's private authority: makes certificates and their keys. Elliptic curve P-256 throughout.
/// </summary>
public static class CertificateAuthority
{
    private const int SerialBytes = 16;

    /// <summary>Clocks of machines differ: certificates count from a little before they were made.</summary>
    private static readonly TimeSpan ClockAllowance = TimeSpan.FromMinutes(5);

    /// <summary>Makes an authority.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="validity">How long it counts.</param>
    /// <param name="now">The time.</param>
    public static PemPair Create(string name, TimeSpan validity, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(name);
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForCertificateAuthority(0));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true)
        );
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        using var made = request.CreateSelfSigned(now - ClockAllowance, now + validity);
        return PairOf(made, key);
    }

    /// <summary>Issues a certificate; it never outlives its authority.</summary>
    /// <param name="folder">Folder of <c>ca.crt</c> and <c>ca.key</c>.</param>
    /// <param name="identity">Whose it is.</param>
    /// <param name="validity">How long it counts.</param>
    /// <param name="now">The time.</param>
    /// <param name="hosts">More names and addresses by which a silo is asked over HTTPS (<see cref="SiloHosts"/>); none
    /// for others.</param>
    /// <exception cref="CertificateException">The authority cannot be read, or has expired.</exception>
    public static PemPair Issue(
        string folder,
        CallerIdentity identity,
        TimeSpan validity,
        DateTimeOffset now,
        IEnumerable<string>? hosts = null
    )
    {
        ArgumentNullException.ThrowIfNull(identity);
        using var authority = Read(folder);
        DateTimeOffset first = authority.NotBefore,
            last = authority.NotAfter,
            start = now - ClockAllowance,
            end = now + validity;
        end = last < end ? last : end;
        if (end <= now)
            throw new CertificateException(
                $"The authority in {folder} has expired; make another with dmkd certs create-authority."
            );
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(CertificateSubject.Of(identity), key, HashAlgorithmName.SHA256);
        AddExtensions(request, authority, identity.Role);
        if (identity.Role == AccessRole.Silo)
            request.CertificateExtensions.Add(SiloHosts.Extension(identity.Name, hosts ?? []));
        start = start < first ? first : start;
        using var issued = request.Create(authority, start, end, RandomNumberGenerator.GetBytes(SerialBytes));
        return PairOf(issued, key) with { Serial = issued.SerialNumber };
    }

    /// <summary>When an authority ends, UTC: what it issues ends no later.</summary>
    /// <param name="folder">Folder of <c>ca.crt</c>.</param>
    /// <exception cref="CertificateException">The authority cannot be read.</exception>
    public static DateTime EndOf(string folder)
    {
        using var authority = PemFiles.ReadCertificate(Path.Combine(folder, CertificateFiles.Authority));
        return authority.NotAfter.ToUniversalTime();
    }

    /// <summary>Makes the next revocation list: what the last one took back, and more.</summary>
    /// <param name="folder">Folder of <c>ca.crt</c>, <c>ca.key</c> and, where there is one, the last list.</param>
    /// <param name="serials">Serial numbers to take back, hexadecimal; none for a list as it is.</param>
    /// <param name="now">The time.</param>
    /// <returns>PEM.</returns>
    /// <exception cref="CertificateException">The authority or the last list cannot be read.</exception>
    public static string Revoke(string folder, IEnumerable<string> serials, DateTimeOffset now)
    {
        using var authority = Read(folder);
        string last = Path.Combine(folder, CertificateFiles.Revoked);
        var number = System.Numerics.BigInteger.Zero;
        var list = new CertificateRevocationListBuilder();
        if (File.Exists(last))
        {
            _ = RevocationList.Read(last, authority); // a list of somebody else is not gone on with
            list = CertificateRevocationListBuilder.LoadPem(File.ReadAllText(last), out number);
        }

        foreach (string serial in serials)
        {
            byte[] bytes = Convert.FromHexString(serial);
            list.RemoveEntry(bytes);
            list.AddEntry(bytes, now);
        }

        return PemEncoding.WriteString(
            RevocationList.Label,
            list.Build(
                authority,
                number + 1,
                new DateTimeOffset(authority.NotAfter),
                HashAlgorithmName.SHA256,
                thisUpdate: now - ClockAllowance
            )
        );
    }

    /// <summary>When an authority took back what.</summary>
    /// <param name="folder">Folder of <c>ca.crt</c> and, where there is one, the list.</param>
    /// <returns>From a serial number, hexadecimal, the moment; null where it was not taken back.</returns>
    /// <exception cref="CertificateException">One of them cannot be read.</exception>
    public static Func<string, DateTimeOffset?> Revoked(string folder)
    {
        string path = Path.Combine(folder, CertificateFiles.Revoked);
        if (!File.Exists(path))
            return _ => null;
        using var authority = PemFiles.ReadCertificate(Path.Combine(folder, CertificateFiles.Authority));
        var list = RevocationList.Read(path, authority);
        return serial => list.RevokedAt(Convert.FromHexString(serial));
    }

    private static X509Certificate2 Read(string folder) =>
        PemFiles.ReadWithKey(
            Path.Combine(folder, CertificateFiles.Authority),
            Path.Combine(folder, CertificateFiles.AuthorityKey)
        );

    private static PemPair PairOf(X509Certificate2 certificate, ECDsa key) =>
        new(
            certificate.ExportCertificatePem(),
            key.ExportPkcs8PrivateKeyPem(),
            certificate.NotAfter.ToUniversalTime(),
            certificate.Thumbprint
        );

    private static void AddExtensions(CertificateRequest request, X509Certificate2 authority, AccessRole role)
    {
        var uses = new OidCollection { new("1.3.6.1.5.5.7.3.2") };
        if (role == AccessRole.Silo)
            uses.Add(new Oid("1.3.6.1.5.5.7.3.1")); // only silos listen
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForEndEntity(critical: true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true)
        );
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(uses, critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(
                authority,
                includeKeyIdentifier: true,
                includeIssuerAndSerial: false
            )
        );
    }
}

/// <summary>A line of an authority's record of what it issued.</summary>
/// <param name="Serial">Serial number, hexadecimal.</param>
/// <param name="Holder">Whose it is.</param>
/// <param name="NotAfter">When it ends, UTC.</param>
public sealed record IssuedCertificate(string Serial, CallerIdentity Holder, DateTime NotAfter)
{
    private const string Moment = "yyyy-MM-dd'T'HH:mm:ss'Z'";
    private const int Fields = 4;

    /// <summary>Reads a record.</summary>
    /// <param name="path">The file; one that does not exist is an empty record.</param>
    /// <exception cref="CertificateException">A line is not of such a record.</exception>
    public static IReadOnlyList<IssuedCertificate> ReadAll(string path) =>
        File.Exists(path)
            ?
            [
                .. File.ReadLines(path)
                    .Where(line => line.Length > 0)
                    .Select(line =>
                        Parse(line)
                        ?? throw new CertificateException(
                            $"{path}: the line '{line}' is not <serial> <role> <name> <end>."
                        )
                    ),
            ]
            : [];

    /// <summary>The line.</summary>
    public override string ToString() =>
        $"{Serial} {AccessRoles.NameOf(Holder.Role)} {Holder.Name} {NotAfter.ToString(Moment, CultureInfo.InvariantCulture)}";

    private static IssuedCertificate? Parse(string line)
    {
        string[] fields = line.Split(' ');
        return
            fields.Length == Fields
            && AccessRoles.Of(fields[1]) is { } role
            && DateTime.TryParseExact(
                fields[3],
                Moment,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                out var end
            )
            ? new IssuedCertificate(fields[0], new CallerIdentity(fields[2], role), end)
            : null;
    }
}

/// <summary>Name and role in a certificate's subject: <c>CN=name, OU=role</c>. Pure.</summary>
internal static class CertificateSubject
{
    private const string CommonName = "2.5.4.3",
        OrganizationalUnit = "2.5.4.11";

    /// <summary>The subject of a certificate to be issued.</summary>
    public static X500DistinguishedName Of(CallerIdentity identity)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddOrganizationalUnitName(AccessRoles.NameOf(identity.Role));
        subject.AddCommonName(identity.Name);
        return subject.Build();
    }

    /// <summary>
    /// Who a certificate says its holder is; null when its subject has not exactly one name and one role.
    /// </summary>
    public static CallerIdentity? IdentityOf(X509Certificate2 certificate)
    {
        var parts = certificate.SubjectName.EnumerateRelativeDistinguishedNames().ToList();
        if (parts.Any(part => part.HasMultipleElements))
            return null;
        string?[] names = ValuesOf(CommonName),
            units = ValuesOf(OrganizationalUnit);
        return names is [{ Length: > 0 } name] && units is [{ } unit] && AccessRoles.Of(unit) is { } role
            ? new CallerIdentity(name, role)
            : null;

        string?[] ValuesOf(string kind) =>
            [
                .. parts
                    .Where(part => part.GetSingleElementType().Value == kind)
                    .Select(part => part.GetSingleElementValue()),
            ];
    }
}
