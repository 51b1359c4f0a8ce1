using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
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
        Assert.Equal(
            (HttpStatusCode.NotFound, """{"error":"There is nothing at this path."}"""),
            await silo.GetAsync("/")
        );
        foreach (string path in (string[])["/healthz/live", "/healthz/ready", "/metrics"])
            Assert.Equal(
                (HttpStatusCode.MethodNotAllowed, """{"error":"This path does not take this method."}"""),
                await silo.PostAsync(path)
            );
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
        Assert.Equal(
            (
                HttpStatusCode.Unauthorized,
                Error("Say who you are: Authorization: Bearer with a key, or a certificate of the cluster.")
            ),
            await silo.GetAsync("/metrics")
        );
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
            (HttpStatusCode.Forbidden, Error("Your role may not ask for this.")),
            await silo.GetAsync("/metrics", authority: authority, own: folder)
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
        await silo.LogsAsync("55000"); // the membership is looked at every few seconds
        await AllowAsync(database, isAllowed: true);
        await silo.IsUpAsync();
        await silo.LogsAsync("The database answers again after ");
        string[] lines = [.. silo.Log.Split('\n').Where(line => line.Contains("55000", StringComparison.Ordinal))];
        Assert.InRange(lines.Length, 1, 12); // one at once, then after 1 s, 2 s, 4 s, ...
        Assert.All(lines, line => Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \w{4}: ", line));
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

    [Fact]
    public async Task Get_MoreConnectionsThanTheSiloTakes_IsHungUpOn()
    {
        using var home = new TemporaryFolder();
        using var silo = SiloProcess.StartAlone(home.Path, "--Dmkd:HttpConnections=1");
        await silo.IsUpAsync();
        using (await TakenAsync(silo.HttpPort))
        {
            await Assert.ThrowsAsync<HttpRequestException>(() => silo.GetAsync("/healthz/live"));
        }

        await silo.IsUpAsync();
    }

    [Fact]
    public async Task Get_CertificateReplaced_IsShownWithoutARestart()
    {
        string database = await server.CreateDatabaseAsync();
        using var certificates = await TestCertificates.CreateAsync();
        string folder = await certificates.IssueAsync("silo", "silo-1"),
            renewed = await certificates.IssueAsync("silo", "silo-1", "renewed");
        using var silo = SiloProcess.Start(database, $"--Dmkd:Certificates={folder}");
        await silo.IsUpAsync(authority: Path.Combine(folder, "ca.crt"));
        string before = await ThumbprintAsync(silo.HttpPort);
        foreach (string file in (string[])["tls.crt", "tls.key"])
            File.Copy(Path.Combine(renewed, file), Path.Combine(folder, file), overwrite: true);
        string after = await ThumbprintAsync(silo.HttpPort);
        using var shown = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(renewed, "tls.crt"));
        Assert.NotEqual(before, after);
        Assert.Equal(shown.Thumbprint, after);
    }

    private static async Task<string> ThumbprintAsync(int port)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
#pragma warning disable CA5359 // looked at below
        await using var stream = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
#pragma warning restore CA5359
        await stream.AuthenticateAsClientAsync("localhost");
        using var shown = new X509Certificate2(stream.RemoteCertificate!);
        return shown.Thumbprint;
    }

    /// <summary>
    /// Holds the one connection: asks, and does not hang up. Tries until the connection of an earlier question is
    /// closed, and this one is not hung up on.
    /// </summary>
    private static async Task<TcpClient> TakenAsync(int port)
    {
        using var limit = new CancellationTokenSource(Patience.Seconds(60));
        while (true)
        {
            var client = new TcpClient();
            if (await IsAnsweredAsync(client, port, limit.Token))
                return client;
            client.Dispose();
        }
    }

    private static async Task<bool> IsAnsweredAsync(TcpClient client, int port, CancellationToken ct)
    {
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port, ct);
            await client.GetStream().WriteAsync("GET /healthz/live HTTP/1.1\r\nHost: silo\r\n\r\n"u8.ToArray(), ct);
            return await client.GetStream().ReadAsync(new byte[1], ct) > 0;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static string Error(string text) =>
        System.Text.Json.JsonSerializer.Serialize(new Dictionary<string, string> { ["error"] = text });

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
