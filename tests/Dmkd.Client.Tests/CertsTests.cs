using System.Runtime.Versioning;
using Dmkd.Client.Tests.Running;

[assembly: SupportedOSPlatform("linux")] // modes of files

namespace Dmkd.Client.Tests;

public sealed class CertsTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Issue_AfterCreateAuthority_WritesAFolderWhoseKeyIsTheOwners()
    {
        await CreateAuthorityAsync();
        var issued = (await IssueAsync("--json")).IsSuccess();
        var document = Json.Parse(issued.Output);
        Assert.Equal(["folder", "name", "role", "notAfter", "thumbprint"], document.Names());
        Assert.Equal(["ca.crt", "tls.crt", "tls.key"], Files("anna"));
        Assert.Equal(["ca.crt", "ca.key", "issued.txt"], Files("authority"));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Path.Combine(_folder["anna"], "tls.key")));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Path.Combine(_folder["authority"], "ca.key")));
        Assert.Equal(
            ["anna", "authority"],
            Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        ); // nothing left over
    }

    [Fact]
    public async Task Issue_FolderThatExists_IsReplacedByForceOnly()
    {
        await CreateAuthorityAsync();
        (await IssueAsync()).IsSuccess();
        string before = await File.ReadAllTextAsync(
            Path.Combine(_folder["anna"], "tls.key"),
            TestContext.Current.CancellationToken
        );
        (await IssueAsync()).IsRefused("anna exists already", "--force");
        // what was refused was not issued
        Assert.Single(Json.Parse((await RunAsync("list", "--json")).IsSuccess().Output).EnumerateArray());
        Assert.Equal(
            before,
            await File.ReadAllTextAsync(Path.Combine(_folder["anna"], "tls.key"), TestContext.Current.CancellationToken)
        );
        (await IssueAsync("--force")).IsSuccess();
        Assert.NotEqual(
            before,
            await File.ReadAllTextAsync(Path.Combine(_folder["anna"], "tls.key"), TestContext.Current.CancellationToken)
        );
    }

    [Fact]
    public async Task Issue_FolderOfSomethingElse_IsLeftAlone()
    {
        await CreateAuthorityAsync();
        _folder.Write("anna/thesis.txt", [1]);
        (await IssueAsync("--force")).IsRefused("holds thesis.txt");
        Assert.Equal(["thesis.txt"], Files("anna"));
    }

    [Fact]
    public async Task Issue_BeyondTheAuthority_IsRefusedOrSaid()
    {
        await CreateAuthorityAsync("--days", "30");
        (await IssueAsync("--days", "60")).IsRefused(
            "--days 60 goes beyond the authority, which ends on",
            "give at most 29"
        );
        Assert.Contains("when its authority ends", (await IssueAsync()).IsSuccess().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Issue_NoAuthority_NamesTheFile() => (await IssueAsync()).IsRefused("ca.crt is missing");

    [Theory]
    [InlineData("--role", "king", "king")]
    [InlineData("--name", "a b", "not ' '")]
    [InlineData("--days", "0", "--days must be in [1, 36500], not 0")]
    public async Task Issue_WrongOption_IsRefused(string option, string value, string reason)
    {
        string[] arguments =
        [
            "certs",
            "issue",
            "--authority",
            _folder["authority"],
            "--role",
            "reader",
            "--name",
            "anna",
            "--days",
            "9",
            "--output",
            _folder["anna"],
        ];
        arguments[Array.IndexOf(arguments, option) + 1] = value;
        (await DmkdCommand.RunPlainAsync(arguments)).IsRefused(reason);
        Assert.False(Directory.Exists(_folder["anna"]));
    }

    [Theory]
    [InlineData("reader", "silo-1.example", "--host is for silos")]
    [InlineData("silo", "no host", "--host: a host is a DNS name or an IP address, not 'no host'")]
    public async Task Issue_WrongHost_IsRefused(string role, string host, string reason)
    {
        (
            await DmkdCommand.RunPlainAsync(
                "certs",
                "issue",
                "--authority",
                _folder["authority"],
                "--role",
                role,
                "--name",
                "anna",
                "--host",
                host,
                "--output",
                _folder["anna"]
            )
        ).IsRefused(reason);
        Assert.False(Directory.Exists(_folder["anna"]));
    }

    [Fact]
    public async Task Revoke_AHolder_IsListedAndIsGivenOut()
    {
        await CreateAuthorityAsync();
        (await IssueAsync()).IsSuccess();
        (await RunAsync("revoke", "--name", "bert")).IsRefused("no certificate of 'bert' that counts");
        Assert.Contains(
            "revoked: operator anna",
            (await RunAsync("revoke", "--name", "anna")).IsSuccess().Output,
            StringComparison.Ordinal
        );
        (await RunAsync("revoke", "--name", "anna")).IsRefused("no certificate of 'anna' that counts");
        (await IssueAsync("--force")).IsSuccess();
        Assert.Equal(["ca.crl", "ca.crt", "tls.crt", "tls.key"], Files("anna"));
        Assert.Equal(
            ["revoked", "valid"],
            Json.Parse((await RunAsync("list", "--json")).IsSuccess().Output)
                .EnumerateArray()
                .Select(entry => entry.GetProperty("state").GetString())
        );
    }

    [Fact]
    public async Task ApiKey_Twice_AddsTwoLinesWithoutTheKeys()
    {
        string file = _folder["keys"];
        foreach (string name in (string[])["grafana", "robot"])
        {
            var made = Json.Parse(
                (
                    await DmkdCommand.RunPlainAsync(
                        "certs",
                        "api-key",
                        "--file",
                        file,
                        "--role",
                        "reader",
                        "--name",
                        name,
                        "--json"
                    )
                )
                    .IsSuccess()
                    .Output
            );
            Assert.StartsWith("dmkd_", made.GetProperty("key").GetString(), StringComparison.Ordinal);
            Assert.DoesNotContain(
                made.GetProperty("key").GetString()!,
                await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken),
                StringComparison.Ordinal
            );
        }

        Assert.Equal(
            ["grafana reader", "robot reader"],
            (await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken)).Select(line =>
                line[..line.LastIndexOf(' ')]
            )
        );
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(file));
    }

    public void Dispose() => _folder.Dispose();

    private async Task CreateAuthorityAsync(params string[] more) =>
        (
            await DmkdCommand.RunPlainAsync(["certs", "create-authority", "--output", _folder["authority"], .. more])
        ).IsSuccess();

    private Task<Outcome> IssueAsync(params string[] more) =>
        DmkdCommand.RunPlainAsync([
            "certs",
            "issue",
            "--authority",
            _folder["authority"],
            "--role",
            "operator",
            "--name",
            "anna",
            "--output",
            _folder["anna"],
            .. more,
        ]);

    private Task<Outcome> RunAsync(string command, params string[] more) =>
        DmkdCommand.RunPlainAsync(["certs", command, "--authority", _folder["authority"], .. more]);

    private string[] Files(string name) =>
        [
            .. Directory
                .EnumerateFiles(_folder[name])
                .Select(path => Path.GetFileName(path))
                .Order(StringComparer.Ordinal),
        ];
}
