using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Dmkd.Client.Tests.Running;
using Dmkd.Grains.Tests.Postgres;
using Npgsql;

namespace Dmkd.Client.Tests.Cluster;

/// <summary>Mutual TLS and roles between real processes.</summary>
public sealed class SecuredClusterTests(SharedDatabases server, SecuredClusterTests.SharedSilo shared)
    : IClassFixture<SecuredClusterTests.SharedSilo>
{
    private const string Password = "hunter2-the-password";

    [Fact]
    public async Task Run_TwoSilosWithCertificates_EndsAndIsRecordedAndAForeignSiloStaysOut()
    {
        string database = await server.CreateDatabaseAsync();
        using var certificates = await TestCertificates.CreateAsync();
        string first = await certificates.IssueAsync("silo", "silo-1"),
            second = await certificates.IssueAsync("silo", "silo-2");
        string anna = await certificates.IssueAsync("operator", "anna"),
            bert = await certificates.IssueAsync("reader", "bert");
        using SiloProcess one = SiloProcess.Start(database, $"--Dmkd:Certificates={first}"),
            two = SiloProcess.Start(database, $"--Dmkd:Certificates={second}");
        await one.ListensAsync();
        await two.ListensAsync();
        await one.IsUpAsync(authority: Path.Combine(first, "ca.crt"));

        (await DmkdCommand.RunInClusterAsync(database, [.. Run("secured"), "--certificates", anna])).IsSuccess();
        string reading = await ReaderOfAsync(database);
        (await DmkdCommand.RunInClusterAsync(reading, "modules", "list", "--certificates", bert)).IsSuccess();
        (await DmkdCommand.RunInClusterAsync(reading, [.. Run("refused"), "--certificates", bert])).IsFailed(
            "needs the role operator",
            "reader bert"
        );

        string listed = (await DmkdCommand.RunInClusterAsync(database, "audit", "list", "--json")).IsSuccess().Output;
        Assert.Equal(
            ["anna ITrainingRunGrain StartAsync secured True", "bert ITrainingRunGrain StartAsync refused False"],
            Json.Parse(listed)
                .EnumerateArray()
                .Select(entry =>
                    string.Join(
                        ' ',
                        ((string[])["caller", "grain", "method", "key", "isAllowed"]).Select(name =>
                            entry.GetProperty(name).ToString()
                        )
                    )
                )
        );

        // A silo of another authority does not join them, and changes nothing for those who have joined.
        using var others = await TestCertificates.CreateAsync();
        using var rogue = SiloProcess.Start(
            database,
            $"--Dmkd:Certificates={await others.IssueAsync("silo", "rogue")}"
        );
        await rogue.LogsAsync("was not issued by the cluster's authority");
        (await DmkdCommand.RunInClusterAsync(reading, "modules", "list", "--certificates", bert)).IsSuccess();
    }

    [Fact]
    public async Task Console_CertificateRevoked_IsLetInNoMoreWithoutARestart()
    {
        var (database, silo, certificates, folder) = await shared.StartAsync();
        string anna = await certificates.IssueAsync("operator", "anna"),
            bert = await certificates.IssueAsync("reader", "bert");
        (await DmkdCommand.RunInClusterAsync(database, "modules", "list", "--certificates", bert)).IsRefused(
            "No library has modules"
        ); // it was let in
        (
            await DmkdCommand.RunPlainAsync("certs", "revoke", "--authority", certificates.Authority, "--name", "bert")
        ).IsSuccess();
        File.Copy(Path.Combine(certificates.Authority, "ca.crl"), Path.Combine(folder, "ca.crl"));
        (await DmkdCommand.RunInClusterAsync(database, "modules", "list", "--certificates", bert)).IsRefused(
            "No silo of the cluster"
        );
        await silo.LogsAsync("'OU=reader, CN=bert' was revoked on");
        (await DmkdCommand.RunInClusterAsync(database, "modules", "list", "--certificates", anna)).IsRefused(
            "No library has modules"
        );
    }

    [Fact]
    public async Task Connection_WithoutTheRightCertificate_IsRefusedWithOneLineEach()
    {
        var (_, silo, certificates, _) = await shared.StartAsync();
        using var others = await TestCertificates.CreateAsync();
        using var right = Read(await certificates.IssueAsync("operator", "carla"));
        using var foreign = Read(await others.IssueAsync("operator", "mallory"));
        using var expired = certificates.Expired("operator");

        Assert.False(
            await RawConnection.IsRefusedAsync(silo.GatewayPort, right, patience: TimeSpan.FromSeconds(3)),
            silo.Log
        );
        foreach (int port in (int[])[silo.GatewayPort, silo.SiloPort])
        {
            Assert.True(await RawConnection.IsRefusedAsync(port, certificate: null));
            Assert.True(await RawConnection.IsRefusedAsync(port, foreign));
            Assert.True(await RawConnection.IsRefusedAsync(port, expired));
            Assert.Equal(0, await RawConnection.AnswersPlaintextAsync(port));
        }

        Assert.True(await RawConnection.IsRefusedAsync(silo.SiloPort, right));
        Assert.True(await RawConnection.IsRefusedAsync(silo.GatewayPort, right, SslProtocols.Tls12));
        await silo.LogsAsync("the peer presented no certificate");
        await silo.LogsAsync("'OU=operator, CN=mallory' was not issued by the cluster's authority");
        await silo.LogsAsync("'CN=late, OU=operator' expired on");
        await silo.LogsAsync("no TLS handshake");
        await silo.LogsAsync("the certificate of operator carla is not for this port, which takes silo");
        Assert.DoesNotContain("   at ", silo.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connection_ThatSpeaksOtherwiseThanClientsDo_EndsAndIsRecorded()
    {
        string database = await server.CreateDatabaseAsync();
        using var certificates = await TestCertificates.CreateAsync();
        using var bert = Read(await certificates.IssueAsync("reader", "bert"));
        using var silo = SiloProcess.Start(
            database,
            $"--Dmkd:Certificates={await certificates.IssueAsync("silo", "silo-1")}"
        );
        await silo.ListensAsync();
        Assert.True(await RawConnection.IsRefusedAsync(silo.GatewayPort, bert, sent: BitConverter.GetBytes(2000)));
        await silo.LogsAsync("reader bert ended for a message that is refused: a greeting has 1 to 1024");
        string listed = (await DmkdProcess.RunInClusterAsync(database, "audit", "list", "--json")).IsSuccess().Output;
        var entry = Assert.Single(Json.Parse(listed).EnumerateArray());
        Assert.Equal("bert", entry.GetProperty("caller").GetString());
        Assert.Equal("a greeting has 1 to 1024 bytes, not 2000", entry.GetProperty("reason").GetString());
    }

    [Fact]
    public async Task Console_WrongMissingOrExpiredCertificate_SaysWhich()
    {
        var (database, _, certificates, _) = await shared.StartAsync();
        using var others = await TestCertificates.CreateAsync();
        await IsRefusedAsync(
            "was not issued by the cluster's authority",
            "--certificates",
            await others.IssueAsync("operator", "mallory")
        );
        await IsRefusedAsync("expired on", "--certificates", certificates.ExpiredFolder("operator"));
        await IsRefusedAsync("give --certificates");
        await IsRefusedAsync("There is no folder", "--certificates", "nowhere");

        async Task IsRefusedAsync(string reason, params string[] options) =>
            (await DmkdCommand.RunInClusterAsync(database, ["modules", "list", .. options])).IsRefused(reason);
    }

    [Fact]
    public async Task Silo_SettingsOfSecurity_AreCheckedTogether()
    {
        using var certificates = await TestCertificates.CreateAsync();
        string reader = await certificates.IssueAsync("reader", "bert");
        var (code, log) = await SiloProcess.RefusedAsync(
            "--Dmkd:Cluster=Host=x;Database=y",
            $"--Dmkd:Certificates={reader}",
            "--Dmkd:CallsPerSecond=0",
            "--Dmkd:DatabaseWaitSeconds=1"
        );
        Assert.Equal(2, code);
        Assert.Contains("tls.crt", log, StringComparison.Ordinal);
        Assert.Contains(
            "Dmkd:CallsPerSecond must be a whole number in [1, 1000000], not '0'",
            log,
            StringComparison.Ordinal
        );
        (code, log) = await SiloProcess.RefusedAsync(
            "--Dmkd:Cluster=Host=x;Database=y",
            "--Dmkd:Address=10.0.0.5",
            "--Dmkd:AllowUnencrypted=perhaps"
        );
        Assert.Equal(2, code);
        Assert.Contains("Dmkd:AllowUnencrypted must be true or false, not 'perhaps'", log, StringComparison.Ordinal);
        Assert.Contains(
            "10.0.0.5 is not loopback, and connections would not be encrypted: set Dmkd:Certificates",
            log,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Logs_OfEverybodyAtTheirMostTalkative_HoldNoSecret()
    {
        var connection = new NpgsqlConnectionStringBuilder(await server.CreateDatabaseAsync());
        connection.Password ??= Password; // the tests' own server asks for none
        string database = connection.ConnectionString;
        using var certificates = await TestCertificates.CreateAsync();
        string folder = await certificates.IssueAsync("silo", "silo-1"),
            anna = await certificates.IssueAsync("operator", "anna");
        using var silo = SiloProcess.Start(
            database,
            $"--Dmkd:Certificates={folder}",
            "--Logging:LogLevel:Default=Trace"
        );
        await silo.ListensAsync();
        var told = await DmkdProcess.RunInClusterAsync(
            database,
            "modules",
            "list",
            "--certificates",
            anna,
            "--verbose"
        );
        string all = silo.Log + told.Output + told.Error;
        Assert.Contains("trce", silo.Log, StringComparison.Ordinal); // it did talk
        Assert.DoesNotContain(connection.Password, all, StringComparison.Ordinal);
        foreach (string key in (string[])[folder, anna])
            Assert.DoesNotContain(SecretOf(Path.Combine(key, "tls.key")), all, StringComparison.Ordinal);
        Assert.DoesNotContain(TokenOf(anna), all, StringComparison.Ordinal);
        Assert.DoesNotContain(TokenOf(folder), all, StringComparison.Ordinal);
    }

    /// <summary>The database through a user that may only read, as docs/start/a-cluster.md makes one.</summary>
    private static async Task<string> ReaderOfAsync(string database)
    {
        string user = $"reader_{Guid.NewGuid():N}";
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(
            $"CREATE USER {user} PASSWORD 'x'; GRANT SELECT ON DmkdSchema, OrleansQuery, "
                + $"OrleansMembership, OrleansMembershipVersion, DmkdBlobs TO {user}"
        );
        await command.ExecuteNonQueryAsync();
        return new NpgsqlConnectionStringBuilder(database) { Username = user, Password = "x" }.ConnectionString;
    }

    /// <summary>The middle line of a key file.</summary>
    private static string SecretOf(string path) => File.ReadAllLines(path)[1];

    /// <summary>A part of every token that a certificate makes.</summary>
    private static string TokenOf(string folder)
    {
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(folder, "tls.crt"));
        return System.Buffers.Text.Base64Url.EncodeToString(certificate.RawData)[200..260];
    }

    private static X509Certificate2 Read(string folder) =>
        X509Certificate2.CreateFromPemFile(Path.Combine(folder, "tls.crt"), Path.Combine(folder, "tls.key"));

    private static string[] Run(string id) =>
        [
            "run",
            "--id",
            id,
            "--train-per-class",
            "24",
            "--test-per-class",
            "10",
            "--tasks",
            "2",
            "--nodes",
            "2",
            "--rounds",
            "2",
            "--epochs",
            "1",
            "--legacy-tasks",
            "1",
            "--legacy-epochs",
            "1",
            "--no-baseline",
        ];

    /// <summary>
    /// One silo with a certificate, which only some tests ask for; each takes names of its own, so that their order is
    /// free.
    /// </summary>
    public sealed class SharedSilo(SharedDatabases server) : IDisposable
    {
        private SiloProcess? _silo;
        private TestCertificates? _certificates;
        private string _database = "",
            _folder = "";

        internal async Task<(
            string Database,
            SiloProcess Silo,
            TestCertificates Certificates,
            string Folder
        )> StartAsync()
        {
            if (_silo is null)
            {
                _database = await server.CreateDatabaseAsync();
                _certificates = await TestCertificates.CreateAsync();
                _folder = await _certificates.IssueAsync("silo", "silo-1");
                _silo = SiloProcess.Start(_database, $"--Dmkd:Certificates={_folder}");
            }

            await _silo.ListensAsync();
            return (_database, _silo, _certificates!, _folder);
        }

        public void Dispose()
        {
            _silo?.Dispose();
            _certificates?.Dispose();
        }
    }
}
