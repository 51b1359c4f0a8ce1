using System.Security.Cryptography.X509Certificates;

namespace Dmkd.Hosting.Security;

/// <summary>
/// A program's certificate and key, read again when their files change, so that one that ends is replaced without a
/// restart. What cannot be used leaves what was used before. Owns what it has read.
/// </summary>
/// <param name="folder">Where the files are.</param>
/// <param name="first">The certificate at the start.</param>
/// <param name="problemOf">What is wrong with one that is to replace it; null when it may.</param>
internal sealed class OwnCertificate(string folder, X509Certificate2 first, Func<X509Certificate2, string?> problemOf)
    : IDisposable
{
    private readonly Lock _reading = new();
    private readonly List<X509Certificate2> _owned = [first]; // connections made with one may still use it
    private readonly string _certificatePath = Path.Combine(folder, CertificateFiles.Own),
        _keyPath = Path.Combine(folder, CertificateFiles.OwnKey);
    private volatile Known _known = new(StampOf(folder), first, null);

    /// <summary>The certificate that counts now.</summary>
    public X509Certificate2 Current => Look().Certificate;

    /// <summary>Why the files that lie there now are not used; null when they are.</summary>
    public string? Problem => Look().Problem;

    public void Dispose()
    {
        lock (_reading)
            foreach (var certificate in _owned)
                certificate.Dispose();
    }

    private Known Look()
    {
        var stamp = StampOf(folder);
        if (stamp is null || stamp == _known.Stamp)
            return _known; // missing for a moment: folders are replaced whole
        lock (_reading)
        {
            if (stamp != _known.Stamp)
                _known = Read(stamp);
            return _known;
        }
    }

    private Known Read(Stamps stamp)
    {
        X509Certificate2 read;
        try
        {
            read = PemFiles.ReadWithKey(_certificatePath, _keyPath);
        }
        catch (CertificateException e)
        {
            return _known with { Stamp = stamp, Problem = e.Message };
        }

        _owned.Add(read);
        return problemOf(read) is { } problem
            ? _known with
            {
                Stamp = stamp,
                Problem = problem,
            }
            : new Known(stamp, read, null);
    }

    private static Stamps? StampOf(string folder) =>
        FileStamp.Of(Path.Combine(folder, CertificateFiles.Own)) is { } certificate
        && FileStamp.Of(Path.Combine(folder, CertificateFiles.OwnKey)) is { } key
            ? new Stamps(certificate, key)
            : null;

    private sealed record Stamps(FileStamp Certificate, FileStamp Key);

    private sealed record Known(Stamps? Stamp, X509Certificate2 Certificate, string? Problem);
}

/// <summary>
/// What tells one state of a file from another. Secrets that Kubernetes mounts are links, turned to other files.
/// </summary>
/// <param name="Path">Where the file lies, links followed.</param>
/// <param name="WrittenAt">When it was written last, UTC.</param>
/// <param name="Length">Its length in bytes.</param>
internal sealed record FileStamp(string Path, DateTime WrittenAt, long Length)
{
    /// <summary>The stamp of a file; null when there is none.</summary>
    public static FileStamp? Of(string path)
    {
        var file = new FileInfo(path);
        if (file.LinkTarget is not null && file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target)
            file = target;
        return file.Exists ? new FileStamp(file.FullName, file.LastWriteTimeUtc, file.Length) : null;
    }
}
