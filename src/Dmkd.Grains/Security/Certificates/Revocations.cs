using System.Globalization;
using System.Security.Cryptography.X509Certificates;

namespace Dmkd.Grains.Security.Certificates;

/// <summary>
/// The revocation list that lies beside a program's certificate. It is read again whenever its file changes, so nothing has to be restarted. A file
/// that cannot be read lets nobody in until it can be; one that disappears leaves what was known. Borrows the authority.
/// </summary>
internal sealed class Revocations(string path, X509Certificate2 authority)
{
    private readonly Lock _reading = new();
    private volatile Known _known = new(default, RevocationList.Empty, null);

    /// <summary>What is known now: another object whenever that may have changed.</summary>
    public object Current => Look();

    /// <summary>Why a certificate does not count; null when it was not taken back.</summary>
    public string? ProblemOf(X509Certificate2 certificate)
    {
        var known = Look();
        if (known.Problem is not null) return $"cannot be checked: {known.Problem.TrimEnd('.')}";
        return known.List.RevokedAt(certificate.SerialNumberBytes.Span) is { } moment ? string.Create(CultureInfo.InvariantCulture, $"was revoked on {moment.UtcDateTime:yyyy-MM-dd HH:mm} UTC") : null;
    }

    /// <summary>Refuses a file that cannot be used.</summary>
    /// <exception cref="CertificateException">It is no list, or not the authority's.</exception>
    public void RequireReadable()
    {
        if (Look().Problem is { } problem) throw new CertificateException(problem);
    }

    private Known Look()
    {
        var file = new FileInfo(path);
        if (!file.Exists) return _known;
        var stamp = (file.LastWriteTimeUtc, file.Length);
        if (_known.Stamp == stamp) return _known;
        lock (_reading)
        {
            if (_known.Stamp != stamp) _known = Read(stamp);
            return _known;
        }
    }

    private Known Read((DateTime WrittenAt, long Length) stamp)
    {
        try
        {
            return new Known(stamp, RevocationList.Read(path, authority), null);
        }
        catch (CertificateException e)
        {
            return new Known(stamp, RevocationList.Empty, e.Message);
        }
    }

    private sealed record Known((DateTime WrittenAt, long Length) Stamp, RevocationList List, string? Problem);
}
