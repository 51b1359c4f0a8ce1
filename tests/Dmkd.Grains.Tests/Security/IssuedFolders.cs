using Dmkd.Hosting.Security;

namespace Dmkd.Grains.Tests.Security;

/// <summary>An authority and what it issued, in folders that are deleted at the end.</summary>
internal sealed class IssuedFolders : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<ClusterCertificates> _loaded = [];

    public IssuedFolders()
    {
        Directory.CreateDirectory(Authority);
        var made = CertificateAuthority.Create("test", TimeSpan.FromDays(100), Now);
        File.WriteAllText(Path.Combine(Authority, CertificateFiles.Authority), made.Certificate);
        File.WriteAllText(Path.Combine(Authority, CertificateFiles.AuthorityKey), made.Key);
    }

    public static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public string Authority => Path.Combine(_folder.Path, "authority");

    /// <summary>Issues a certificate.</summary>
    /// <returns>Its folder.</returns>
    public string Issue(
        AccessRole role,
        string name = "somebody",
        TimeSpan? validity = null,
        DateTimeOffset? now = null,
        params string[] hosts
    )
    {
        string folder = Path.Combine(_folder.Path, Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(folder);
        var made = CertificateAuthority.Issue(
            Authority,
            new CallerIdentity(name, role),
            validity ?? TimeSpan.FromDays(10),
            now ?? Now,
            hosts
        );
        File.Copy(
            Path.Combine(Authority, CertificateFiles.Authority),
            Path.Combine(folder, CertificateFiles.Authority)
        );
        File.WriteAllText(Path.Combine(folder, CertificateFiles.Own), made.Certificate);
        File.WriteAllText(Path.Combine(folder, CertificateFiles.OwnKey), made.Key);
        return folder;
    }

    /// <summary>Issues a certificate and reads it.</summary>
    public ClusterCertificates Load(AccessRole role, string name = "somebody", TimeProvider? time = null)
    {
        var loaded = ClusterCertificates.Load(Issue(role, name), role == AccessRole.Silo, time ?? TimeProvider.System);
        _loaded.Add(loaded);
        return loaded;
    }

    public void Dispose()
    {
        foreach (var loaded in _loaded)
            loaded.Dispose();
        _folder.Dispose();
    }
}
