using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dmkd.Hosting.Security;
using Microsoft.Extensions.Time.Testing;

namespace Dmkd.Grains.Tests.Security;

public sealed class ClusterCertificatesTests : IDisposable
{
    private readonly IssuedFolders _issued = new();

    [Theory]
    [InlineData(AccessRole.Silo)]
    [InlineData(AccessRole.Operator)]
    [InlineData(AccessRole.Node)]
    [InlineData(AccessRole.Reader)]
    public void Load_Issued_HasNameAndRole(AccessRole role) =>
        Assert.Equal(new CallerIdentity("anna", role), _issued.Load(role, "anna").Identity);

    [Fact]
    public void Issue_Silo_StandsForItsHosts()
    {
        string folder = _issued.Issue(AccessRole.Silo, "silo-1", hosts: ["gpu-7.lab.example", "10.0.0.5"]);
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(
            Path.Combine(folder, CertificateFiles.Own)
        );
        Assert.All(
            (string[])["silo-1", "gpu-7.lab.example", "10.0.0.5", "localhost", "127.0.0.1"],
            host => Assert.True(certificate.MatchesHostname(host, allowCommonName: false), host)
        );
        Assert.False(certificate.MatchesHostname("silo-2"));
    }

    [Fact]
    public void Own_FilesReplaced_IsTheNewOne()
    {
        string folder = _issued.Issue(AccessRole.Silo, "silo-1");
        using var loaded = ClusterCertificates.Load(folder, isSilo: true, TimeProvider.System);
        var before = loaded.Own;
        Assert.Same(before, loaded.Own);
        Replace(folder, _issued.Issue(AccessRole.Silo, "silo-1"));
        Assert.NotEqual(before.Thumbprint, loaded.Own.Thumbprint);
        Assert.True(loaded.Own.HasPrivateKey);
        Assert.Null(loaded.RenewalProblem);
        Assert.NotEmpty(before.Subject); // connections made with it may still use it
    }

    [Fact]
    public void Own_FilesThatCannotBeUsed_StaysTheOldOneAndSaysWhy()
    {
        string folder = _issued.Issue(AccessRole.Silo, "silo-1");
        using var loaded = ClusterCertificates.Load(folder, isSilo: true, TimeProvider.System);
        string before = loaded.Own.Thumbprint;
        Replace(folder, _issued.Issue(AccessRole.Silo, "silo-2"));
        Assert.Equal(before, loaded.Own.Thumbprint);
        Assert.Equal("it is that of silo silo-2, not of silo silo-1; that needs a restart", loaded.RenewalProblem);
        File.WriteAllText(Path.Combine(folder, CertificateFiles.Own), "half a cer");
        Assert.Equal(before, loaded.Own.Thumbprint);
        Assert.Contains("does not hold the certificate as PEM", loaded.RenewalProblem, StringComparison.Ordinal);
        Replace(folder, _issued.Issue(AccessRole.Silo, "silo-1"));
        Assert.NotEqual(before, loaded.Own.Thumbprint);
    }

    [Fact]
    public void Load_AfterItsEnd_SaysWhenItExpired()
    {
        string folder = _issued.Issue(AccessRole.Reader, validity: TimeSpan.FromDays(1));
        var later = new FakeTimeProvider(IssuedFolders.Now.AddDays(2));
        Assert.Contains("expired on", Refusal(folder, isSilo: false, later), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_BeforeItsStart_NamesTheClocks()
    {
        string folder = _issued.Issue(AccessRole.Reader, now: IssuedFolders.Now.AddDays(2));
        Assert.Contains("look at the clocks", Refusal(folder, isSilo: false), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfAnotherAuthority_IsRefused()
    {
        using var others = new IssuedFolders();
        string folder = _issued.Issue(AccessRole.Reader);
        File.Copy(
            Path.Combine(others.Authority, CertificateFiles.Authority),
            Path.Combine(folder, CertificateFiles.Authority),
            overwrite: true
        );
        Assert.Contains(
            "was not issued by the cluster's authority",
            Refusal(folder, isSilo: false),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(AccessRole.Operator, true, "a silo needs the role silo")]
    [InlineData(AccessRole.Silo, false, "that of a silo is for silos")]
    public void Load_RoleOfTheOtherSide_IsRefused(AccessRole role, bool isSilo, string expected)
    {
        string refusal = Refusal(_issued.Issue(role), isSilo);
        Assert.True(
            refusal.Contains(expected, StringComparison.Ordinal)
                || refusal.Contains("cannot be used", StringComparison.Ordinal),
            refusal
        );
    }

    [Theory]
    [InlineData(CertificateFiles.Authority)]
    [InlineData(CertificateFiles.Own)]
    [InlineData(CertificateFiles.OwnKey)]
    public void Load_FileMissingOrBroken_NamesIt(string name)
    {
        string folder = _issued.Issue(AccessRole.Reader),
            path = Path.Combine(folder, name);
        File.WriteAllText(path, "SECRET nonsense");
        Assert.Contains($"{path} does not hold", Refusal(folder, isSilo: false), StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", Refusal(folder, isSilo: false), StringComparison.Ordinal);
        File.Delete(path);
        Assert.Contains($"{path} is missing", Refusal(folder, isSilo: false), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_KeyOfAnotherCertificate_IsRefused()
    {
        string folder = _issued.Issue(AccessRole.Reader);
        File.Copy(
            Path.Combine(_issued.Issue(AccessRole.Reader), CertificateFiles.OwnKey),
            Path.Combine(folder, CertificateFiles.OwnKey),
            overwrite: true
        );
        Assert.Contains(
            "tls.key does not hold the private key of tls.crt",
            Refusal(folder, isSilo: false),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Check_CertificateThatSignsItself_IsRefusedWhateverItSays()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var forged = new CertificateRequest(
            "CN=anna, OU=operator",
            key,
            HashAlgorithmName.SHA256
        ).CreateSelfSigned(IssuedFolders.Now.AddDays(-1), IssuedFolders.Now.AddDays(1));
        Assert.Contains(
            "was not issued",
            _issued.Load(AccessRole.Reader).Check.ProblemOf(forged, asServer: false, out var identity),
            StringComparison.Ordinal
        );
        Assert.Null(identity);
    }

    [Fact]
    public void Check_ClientCertificateOnTheSideThatListens_IsRefused() =>
        Assert.NotNull(
            _issued
                .Load(AccessRole.Reader)
                .Check.ProblemOf(_issued.Load(AccessRole.Operator).Own, asServer: true, out _)
        );

    [Theory]
    [InlineData("CN=anna")]
    [InlineData("CN=anna, OU=king")]
    [InlineData("CN=anna, OU=operator, OU=reader")]
    [InlineData("CN=anna, CN=bert, OU=operator")]
    [InlineData("OU=operator")]
    public void IdentityOf_NotOneNameAndOneRole_IsNobody(string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var odd = new CertificateRequest(subject, key, HashAlgorithmName.SHA256).CreateSelfSigned(
            IssuedFolders.Now,
            IssuedFolders.Now.AddDays(1)
        );
        Assert.Null(CertificateSubject.IdentityOf(odd));
    }

    [Fact]
    public void Issue_LongerThanTheAuthority_EndsWithIt()
    {
        using var loaded = ClusterCertificates.Load(
            _issued.Issue(AccessRole.Reader, validity: TimeSpan.FromDays(1000)),
            isSilo: false,
            TimeProvider.System
        );
        Assert.True(loaded.Own.NotAfter < IssuedFolders.Now.AddDays(101).LocalDateTime);
    }

    private static void Replace(string folder, string by)
    {
        foreach (string file in (string[])[CertificateFiles.Own, CertificateFiles.OwnKey])
            File.Copy(Path.Combine(by, file), Path.Combine(folder, file), overwrite: true);
    }

    public void Dispose() => _issued.Dispose();

    private static string Refusal(string folder, bool isSilo, TimeProvider? time = null) =>
        Assert
            .Throws<CertificateException>(() => ClusterCertificates.Load(folder, isSilo, time ?? TimeProvider.System))
            .Message;
}
