using Dmkd.Hosting.Security;

namespace Dmkd.Grains.Tests.Security;

public sealed class ApiKeyFileTests
{
    [Fact]
    public void IdentityOf_KeyOfTheFile_IsItsLines()
    {
        using var folder = new TemporaryFolder();
        var (key, line) = ApiKeyFile.Make(new CallerIdentity("grafana", AccessRole.Reader));
        var (other, _) = ApiKeyFile.Make(new CallerIdentity("grafana", AccessRole.Operator));
        string path = Path.Combine(folder.Path, "keys");
        File.WriteAllLines(path, ["# keys", "", line]);
        Assert.DoesNotContain(key, File.ReadAllText(path), StringComparison.Ordinal);
        var file = ApiKeyFile.Load(path);
        Assert.Equal(new CallerIdentity("grafana", AccessRole.Reader), file.IdentityOf(key));
        Assert.Null(file.IdentityOf(other));
        Assert.Null(file.IdentityOf(""));
    }

    [Theory]
    [InlineData("anna operator")]
    [InlineData("anna silo 0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("anna king 0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("anna operator SECRET")]
    public void Load_WrongLine_NamesItAndNotItsContent(string line)
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "keys");
        File.WriteAllLines(path, ["# keys", line]);
        var refusal = Assert.Throws<FormatException>(() => ApiKeyFile.Load(path));
        Assert.Contains("line 2", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", refusal.Message, StringComparison.Ordinal);
    }
}
