using System.Formats.Asn1;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dmkd.Hosting.Security;

/// <summary>
/// The revocation list that lies beside a program's certificate. It is read again whenever its file changes, so nothing
/// has to be restarted. A file that cannot be read lets no client in until it can be, and silos by what was known
/// before: half a file must not take the cluster apart. One that disappears leaves what was known. Borrows the
/// authority.
/// </summary>
internal sealed class Revocations(string path, X509Certificate2 authority)
{
    private readonly Lock _reading = new();
    private volatile Known _known = new(null, RevocationList.Empty, null);

    /// <summary>What is known now: another object whenever that may have changed.</summary>
    public object Current => Look();

    /// <summary>Why a certificate does not count; null when it was not taken back.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="isSilo">Whether it is a silo's.</param>
    public string? ProblemOf(X509Certificate2 certificate, bool isSilo)
    {
        var known = Look();
        if (known.Problem is not null && !isSilo)
            return $"cannot be checked: {known.Problem.TrimEnd('.')}";
        return known.List.RevokedAt(certificate.SerialNumberBytes.Span) is { } moment
            ? string.Create(CultureInfo.InvariantCulture, $"was revoked on {moment.UtcDateTime:yyyy-MM-dd HH:mm} UTC")
            : null;
    }

    /// <summary>Refuses a file that cannot be used.</summary>
    /// <exception cref="CertificateException">It is no list, or not the authority's.</exception>
    public void RequireReadable()
    {
        if (Look().Problem is { } problem)
            throw new CertificateException(problem);
    }

    private Known Look()
    {
        var stamp = FileStamp.Of(path);
        if (stamp is null || _known.Stamp == stamp)
            return _known;
        lock (_reading)
        {
            if (_known.Stamp != stamp)
                _known = Read(stamp);
            return _known;
        }
    }

    private Known Read(FileStamp stamp)
    {
        try
        {
            return new Known(stamp, RevocationList.Read(path, authority), null);
        }
        catch (CertificateException e)
        {
            return new Known(stamp, _known.List, e.Message);
        }
    }

    private sealed record Known(FileStamp? Stamp, RevocationList List, string? Problem);
}

/// <summary>
/// Certificates that an authority took back: a revocation list as of RFC 5280, whose signature was checked.
/// </summary>
internal sealed class RevocationList
{
    /// <summary>Of its PEM block.</summary>
    public const string Label = "X509 CRL";

    private readonly Dictionary<BigInteger, DateTimeOffset> _revoked;

    private RevocationList(Dictionary<BigInteger, DateTimeOffset> revoked) => _revoked = revoked;

    /// <summary>Nothing was taken back.</summary>
    public static RevocationList Empty { get; } = new([]);

    /// <summary>When a certificate was taken back; null when it was not.</summary>
    /// <param name="serial">Its serial number, as it stands in the certificate.</param>
    public DateTimeOffset? RevokedAt(ReadOnlySpan<byte> serial) =>
        _revoked.TryGetValue(new BigInteger(serial, isBigEndian: true), out var moment) ? moment : null;

    /// <summary>Reads a list.</summary>
    /// <param name="path">A PEM file.</param>
    /// <param name="authority">Who must have signed it. Borrowed.</param>
    /// <exception cref="CertificateException">It is no list, or somebody else's.</exception>
    public static RevocationList Read(string path, X509Certificate2 authority)
    {
        try
        {
            string text = File.ReadAllText(path);
            if (!PemEncoding.TryFind(text, out var fields) || text[fields.Label] != Label)
                throw new CertificateException($"{path} holds no PEM block '{Label}'.");
            var list = new AsnReader(
                Convert.FromBase64String(text[fields.Base64Data]),
                AsnEncodingRules.DER
            ).ReadSequence();
            var signed = list.PeekEncodedValue();
            var content = list.ReadSequence();
            string algorithm = list.ReadSequence().ReadObjectIdentifier();
            if (!IsSignature(signed.Span, list.ReadBitString(out _), algorithm, authority))
                throw new CertificateException(
                    $"{path} was not signed by the cluster's authority '{authority.Subject}'."
                );
            return new RevocationList(Entries(content));
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException or FormatException)
        {
            throw new CertificateException($"{path} is no revocation list: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException($"{path} cannot be read: {e.Message}");
        }
    }

    /// <summary>Serial numbers and moments out of a <c>TBSCertList</c>.</summary>
    private static Dictionary<BigInteger, DateTimeOffset> Entries(AsnReader content)
    {
        var revoked = new Dictionary<BigInteger, DateTimeOffset>();
        if (content.PeekTag().HasSameClassAndValue(Asn1Tag.Integer))
            content.ReadInteger(); // version
        content.ReadSequence(); // algorithm
        content.ReadSequence(); // issuer
        ReadTime(content); // this update
        if (content.HasData && IsTime(content))
            ReadTime(content); // next update
        if (!content.HasData || !content.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
            return revoked;
        for (var entries = content.ReadSequence(); entries.HasData; )
        {
            var entry = entries.ReadSequence();
            revoked[entry.ReadInteger()] = ReadTime(entry);
        }

        return revoked;
    }

    private static bool IsTime(AsnReader reader) =>
        reader.PeekTag().HasSameClassAndValue(new Asn1Tag(UniversalTagNumber.UtcTime))
        || reader.PeekTag().HasSameClassAndValue(new Asn1Tag(UniversalTagNumber.GeneralizedTime));

    private static DateTimeOffset ReadTime(AsnReader reader) =>
        reader.PeekTag().HasSameClassAndValue(new Asn1Tag(UniversalTagNumber.UtcTime))
            ? reader.ReadUtcTime()
            : reader.ReadGeneralizedTime();

    private static bool IsSignature(
        ReadOnlySpan<byte> signed,
        byte[] signature,
        string algorithm,
        X509Certificate2 authority
    )
    {
        var hash = algorithm switch
        {
            "1.2.840.10045.4.3.2" or "1.2.840.113549.1.1.11" => HashAlgorithmName.SHA256,
            "1.2.840.10045.4.3.3" or "1.2.840.113549.1.1.12" => HashAlgorithmName.SHA384,
            "1.2.840.10045.4.3.4" or "1.2.840.113549.1.1.13" => HashAlgorithmName.SHA512,
            _ => throw new CryptographicException(
                $"signatures of the kind {algorithm} are not known here; ECDSA and RSA with SHA-256, 384 and 512 are"
            ),
        };
        using var curve = authority.GetECDsaPublicKey();
        using var rsa = authority.GetRSAPublicKey();
        return curve?.VerifyData(signed, signature, hash, DSASignatureFormat.Rfc3279DerSequence)
            ?? rsa?.VerifyData(signed, signature, hash, RSASignaturePadding.Pkcs1)
            ?? false;
    }
}
