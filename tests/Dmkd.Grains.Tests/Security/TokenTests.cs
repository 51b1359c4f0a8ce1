using Dmkd.Hosting.Security;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Orleans.Configuration;

namespace Dmkd.Grains.Tests.Security;

public sealed class TokenTests : IDisposable
{
    private const string Cluster = "cluster";
    private readonly IssuedFolders _issued = new();
    private readonly FakeTimeProvider _time = new(IssuedFolders.Now);

    [Fact]
    public void IdentityOf_OwnToken_IsTheCertificates() =>
        Assert.Equal(
            new CallerIdentity("anna", AccessRole.Operator),
            Check().IdentityOf(Source("anna").Current(), out _)
        );

    [Fact]
    public void IdentityOf_TokenAfterItsTime_HasExpired()
    {
        var check = Check();
        string token = Source("anna").Current();
        Assert.NotNull(check.IdentityOf(token, out _));
        _time.Advance(TokenSource.Validity + TimeSpan.FromMinutes(3)); // the allowance for clocks is two
        Assert.Null(check.IdentityOf(token, out string? problem));
        Assert.Contains("expired", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void IdentityOf_TokenWithoutAnEnd_IsOfTheFuture() =>
        Refused(
            CallerToken.Make(_issued.Load(AccessRole.Operator), Cluster, _time.GetUtcNow().AddDays(1)),
            "of the future"
        );

    [Fact]
    public void IdentityOf_TimeChanged_HasAWrongSignature()
    {
        string[] parts = Source("anna").Current().Split('.');
        parts[1] = (long.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture) + 1).ToString(
            System.Globalization.CultureInfo.InvariantCulture
        );
        Refused(string.Join('.', parts), "signature is wrong");
    }

    [Fact]
    public void IdentityOf_CertificateOfSomebodyElse_HasAWrongSignature()
    {
        string[] reader = CallerToken
            .Make(_issued.Load(AccessRole.Reader), Cluster, _time.GetUtcNow().AddMinutes(1))
            .Split('.');
        string[] other = CallerToken
            .Make(_issued.Load(AccessRole.Operator), Cluster, _time.GetUtcNow().AddMinutes(1))
            .Split('.');
        Refused(string.Join('.', other[0], reader[1], reader[2]), "signature is wrong");
    }

    [Fact]
    public void IdentityOf_TokenForAnotherCluster_HasAWrongSignature() =>
        Refused(
            CallerToken.Make(_issued.Load(AccessRole.Operator), "other", _time.GetUtcNow().AddMinutes(1)),
            "signature is wrong"
        );

    [Fact]
    public void IdentityOf_CertificateOfAnotherAuthority_IsRefused()
    {
        using var others = new IssuedFolders();
        Refused(
            CallerToken.Make(others.Load(AccessRole.Operator), Cluster, _time.GetUtcNow().AddMinutes(1)),
            "was not issued"
        );
    }

    [Theory]
    [InlineData("")]
    [InlineData("operator")]
    [InlineData("a.b.c")]
    [InlineData("AAAA.1.AAAA")]
    public void IdentityOf_NoToken_IsNobody(string text) => Assert.Null(Check().IdentityOf(text, out _));

    [Fact]
    public void Current_AfterHalfItsTime_IsMadeAgain()
    {
        var source = Source("anna");
        string first = source.Current();
        Assert.Same(first, source.Current());
        _time.Advance((TokenSource.Validity / 2) + TimeSpan.FromSeconds(1));
        Assert.NotEqual(first, source.Current());
        Assert.NotNull(Check().IdentityOf(source.Current(), out _));
    }

    public void Dispose() => _issued.Dispose();

    private void Refused(string token, string reason)
    {
        Assert.Null(Check().IdentityOf(token, out string? problem));
        Assert.Contains(reason, problem, StringComparison.Ordinal);
    }

    private TokenSource Source(string name) =>
        new(_issued.Load(AccessRole.Operator, name, _time), Options.Create(new ClusterOptions { ClusterId = Cluster }));

    private TokenCheck Check() =>
        new(_issued.Load(AccessRole.Silo, "silo", _time), Options.Create(new ClusterOptions { ClusterId = Cluster }));
}
