using System.Net;
using Dmkd.Client.Tests.Running;
using Dmkd.Grains.Tests.Postgres;
using Npgsql;

namespace Dmkd.Client.Tests.Cluster;

/// <summary>What a silo process serves over HTTP.</summary>
public sealed class HttpTests(SharedDatabases server, HttpTests.SiloOfItsOwn own)
    : IClassFixture<HttpTests.SiloOfItsOwn>
{
    [Fact]
    public async Task Get_SiloOfItsOwn_IsHealthyAndTellsItsMetrics()
    {
        var silo = await own.StartAsync();
        Assert.Equal((HttpStatusCode.OK, "Healthy\n"), await silo.GetAsync("/healthz/live"));
        Assert.Equal(
            (HttpStatusCode.OK, "Healthy\nmembership: Healthy\ndatabase: Healthy\n"),
            await silo.GetAsync("/healthz/ready")
        );
        Assert.Contains("orleans_", (await silo.GetAsync("/metrics")).Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await silo.GetAsync("/")).Status);
    }

    [Fact]
    public async Task Get_SiloWithApiKeys_TellsItsMetricsToWhoHasOne()
    {
        using var home = new TemporaryFolder();
        using var elsewhere = new TemporaryFolder();
        string file = elsewhere["keys"];
        string made = (
            await DmkdCommand.RunPlainAsync(
                "certs",
                "api-key",
                "--file",
                file,
                "--role",
                "reader",
                "--name",
                "prometheus",
                "--json"
            )
        )
            .IsSuccess()
            .Output;
        using var silo = SiloProcess.StartAlone(home.Path, $"--Dmkd:ApiKeys={file}");
        await silo.IsUpAsync(); // health is open
        Assert.Equal(HttpStatusCode.Unauthorized, (await silo.GetAsync("/metrics")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await silo.GetAsync("/metrics", "dmkd_guessed")).Status);
        Assert.Equal(
            HttpStatusCode.OK,
            (await silo.GetAsync("/metrics", Json.Parse(made).GetProperty("key").GetString())).Status
        );
    }

    [Fact]
    public async Task Get_SiloWithKeysAndCertificates_TellsItsMetricsToWhoHasEither()
    {
        string database = await server.CreateDatabaseAsync();
        using var elsewhere = new TemporaryFolder();
        using var certificates = await TestCertificates.CreateAsync();
        using var others = await TestCertificates.CreateAsync();
        string folder = await certificates.IssueAsync("silo", "silo-1"),
            authority = Path.Combine(folder, "ca.crt"),
            file = elsewhere["keys"];
        string bert = await certificates.IssueAsync("reader", "bert"),
            mallory = await others.IssueAsync("reader", "mallory");
        (
            await DmkdCommand.RunPlainAsync(
                "certs",
                "api-key",
                "--file",
                file,
                "--role",
                "reader",
                "--name",
                "prometheus"
            )
        ).IsSuccess();
        using var silo = SiloProcess.Start(database, $"--Dmkd:Certificates={folder}", $"--Dmkd:ApiKeys={file}");
        await silo.IsUpAsync(authority: authority);
        Assert.Equal(HttpStatusCode.OK, (await silo.GetAsync("/metrics", authority: authority, own: bert)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await silo.GetAsync("/metrics", authority: authority)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await silo.GetAsync("/", authority: authority)).Status);
        Assert.Equal(
            HttpStatusCode.Forbidden,
            (await silo.GetAsync("/metrics", authority: authority, own: folder)).Status
        ); // a silo is no caller
        await Assert.ThrowsAsync<HttpRequestException>(() =>
            silo.GetAsync("/metrics", authority: authority, own: mallory)
        );
        (
            await DmkdCommand.RunPlainAsync("certs", "revoke", "--authority", certificates.Authority, "--name", "bert")
        ).IsSuccess();
        File.Copy(Path.Combine(certificates.Authority, "ca.crl"), Path.Combine(folder, "ca.crl"));
        await Assert.ThrowsAsync<HttpRequestException>(() =>
            silo.GetAsync("/metrics", authority: authority, own: bert)
        );
    }

    [Fact]
    public async Task Ready_DatabaseRefuses_IsUnavailableUntilItIsBack()
    {
        string database = await server.CreateDatabaseAsync();
        using var silo = SiloProcess.Start(database);
        await silo.IsUpAsync();
        await AllowAsync(database, isAllowed: false);
        await silo.IsUpAsync(isReady: false);
        Assert.Contains(
            "database: Unhealthy: it does not answer",
            (await silo.GetAsync("/healthz/ready")).Text,
            StringComparison.Ordinal
        );
        Assert.Equal(HttpStatusCode.OK, (await silo.GetAsync("/healthz/live")).Status);
        await AllowAsync(database, isAllowed: true);
        await silo.IsUpAsync();
    }

    [Fact]
    public async Task Start_PortsInUse_EndsNamingThemAll()
    {
        using var other = new TemporaryFolder();
        var silo = await own.StartAsync();
        var (code, log) = await SiloProcess.RefusedAsync(
            $"--Dmkd:Home={other.Path}",
            $"--Dmkd:SiloPort={silo.SiloPort}",
            $"--Dmkd:GatewayPort={SiloProcess.FreePort()}",
            $"--Dmkd:HttpPort={silo.HttpPort}"
        );
        Assert.Equal(1, code);
        Assert.Equal(
            $"dmkd-silo: Dmkd:SiloPort {silo.SiloPort} is in use: choose another. Dmkd:HttpPort "
                + $"{silo.HttpPort} is in use: choose another, or 0 for none.",
            log.Trim()
        );
    }

    /// <summary>Lets the database take connections, or ends those that there are and takes none.</summary>
    private static async Task AllowAsync(string database, bool isAllowed)
    {
        var settings = new NpgsqlConnectionStringBuilder(database);
        string name = settings.Database!;
        settings.Database = "postgres";
        await using var source = NpgsqlDataSource.Create(settings.ConnectionString);
#pragma warning disable CA2100 // a name made by the tests
        await using var allow = source.CreateCommand($"ALTER DATABASE {name} ALLOW_CONNECTIONS {isAllowed}");
        await allow.ExecuteNonQueryAsync();
        await using var end = source.CreateCommand(
            $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        );
#pragma warning restore CA2100
        if (!isAllowed)
            await end.ExecuteNonQueryAsync();
    }

    /// <summary>One silo over a folder, without keys.</summary>
    public sealed class SiloOfItsOwn : IDisposable
    {
        private readonly TemporaryFolder _home = new();
        private SiloProcess? _silo;

        internal async Task<SiloProcess> StartAsync()
        {
            _silo ??= SiloProcess.StartAlone(_home.Path);
            await _silo.IsUpAsync();
            return _silo;
        }

        public void Dispose()
        {
            _silo?.Dispose();
            _home.Dispose();
        }
    }
}
