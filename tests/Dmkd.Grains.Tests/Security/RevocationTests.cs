using System.Security.Cryptography.X509Certificates;
using Dmkd.Hosting.Security;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Dmkd.Grains.Tests.Security;

/// <summary>Certificates that were taken back while a silo is up.</summary>
public sealed class RevocationTests : IDisposable
{
    private static readonly IOptions<ClusterOptions> Cluster = Options.Create(
        new ClusterOptions { ClusterId = "cluster" }
    );
    private readonly IssuedFolders _issued = new();
    private readonly string _silo,
        _anna,
        _bert;

    public RevocationTests()
    {
        _silo = _issued.Issue(AccessRole.Silo, "silo-1");
        _anna = _issued.Issue(AccessRole.Operator, "anna");
        _bert = _issued.Issue(AccessRole.Reader, "bert");
    }

    [Fact]
    public void IdentityOf_RememberedToken_EndsWithItsCertificate()
    {
        using var silo = Load(_silo, isSilo: true);
        using var anna = Load(_anna);
        using var bert = Load(_bert);
        var check = new TokenCheck(silo, Cluster);
        string annas = new TokenSource(anna, Cluster).Current(),
            berts = new TokenSource(bert, Cluster).Current();
        Assert.NotNull(check.IdentityOf(berts, out _));
        Revoke(_bert);
        Assert.Null(check.IdentityOf(berts, out string? problem));
        Assert.Contains("the certificate 'OU=reader, CN=bert' was revoked on", problem, StringComparison.Ordinal);
        Assert.NotNull(check.IdentityOf(annas, out _));
    }

    [Fact]
    public void ProblemOf_ListThatCannotBeRead_LetsNoClientInUntilItCan()
    {
        using var silo = Load(_silo, isSilo: true);
        string other = _issued.Issue(AccessRole.Silo, "silo-2"),
            revoked = _issued.Issue(AccessRole.Silo, "silo-3");
        Revoke(revoked);
        Assert.Null(ProblemOf(silo, _anna));
        File.WriteAllText(Path.Combine(_silo, CertificateFiles.Revoked), "half a li");
        Assert.Contains("cannot be checked", ProblemOf(silo, _anna), StringComparison.Ordinal);
        Assert.Null(ProblemOf(silo, other)); // silos go by the last list
        Assert.Contains("was revoked", ProblemOf(silo, revoked), StringComparison.Ordinal);
        Revoke(_bert);
        Assert.Null(ProblemOf(silo, _anna));
        Assert.Contains("was revoked", ProblemOf(silo, _bert), StringComparison.Ordinal);
    }

    [Fact]
    public void ProblemOf_ListDisappears_WhatWasTakenBackStaysSo()
    {
        using var silo = Load(_silo, isSilo: true);
        Revoke(_bert);
        Assert.NotNull(ProblemOf(silo, _bert));
        File.Delete(Path.Combine(_silo, CertificateFiles.Revoked));
        Assert.NotNull(ProblemOf(silo, _bert));
    }

    [Fact]
    public void Revoke_Again_KeepsWhatWasTakenBackBefore()
    {
        using var silo = Load(_silo, isSilo: true);
        Revoke(_bert);
        Revoke(_anna);
        Assert.All(
            (string[])[_anna, _bert],
            folder => Assert.Contains("was revoked", ProblemOf(silo, folder), StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Load_OwnCertificateRevoked_SaysSo()
    {
        Revoke(_silo);
        Assert.Contains(
            "'OU=silo, CN=silo-1' was revoked on",
            Assert.Throws<CertificateException>(() => Load(_silo, isSilo: true)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Load_ListOfAnotherAuthority_IsRefused()
    {
        using var others = new IssuedFolders();
        File.WriteAllText(
            Path.Combine(_silo, CertificateFiles.Revoked),
            CertificateAuthority.Revoke(others.Authority, [], IssuedFolders.Now)
        );
        Assert.Contains(
            "was not signed by the cluster's authority",
            Assert.Throws<CertificateException>(() => Load(_silo, isSilo: true)).Message,
            StringComparison.Ordinal
        );
    }

    public void Dispose() => _issued.Dispose();

    private static ClusterCertificates Load(string folder, bool isSilo = false) =>
        ClusterCertificates.Load(folder, isSilo, TimeProvider.System);

    private static string? ProblemOf(ClusterCertificates silo, string folder)
    {
        using var certificate = Read(folder);
        return silo.Check.ProblemOf(certificate, asServer: false, out _);
    }

    private static X509Certificate2 Read(string folder) =>
        X509CertificateLoader.LoadCertificateFromFile(Path.Combine(folder, CertificateFiles.Own));

    /// <summary>Takes a certificate back, and gives the silo the list.</summary>
    private void Revoke(string folder)
    {
        using var certificate = Read(folder);
        string list = CertificateAuthority.Revoke(_issued.Authority, [certificate.SerialNumber], IssuedFolders.Now);
        File.WriteAllText(Path.Combine(_issued.Authority, CertificateFiles.Revoked), list);
        File.Copy(
            Path.Combine(_issued.Authority, CertificateFiles.Revoked),
            Path.Combine(_silo, CertificateFiles.Revoked),
            overwrite: true
        );
    }
}
