using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Dmkd.Client.Tests.Running;
using Npgsql;

namespace Dmkd.Client.Tests.Cluster;

/// <summary>The silo program in a process of its own, over a cluster's database.</summary>
internal sealed class SiloProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _log = new();

    private SiloProcess(string[] settings, IReadOnlyDictionary<string, string>? environment = null)
    {
        string program = Path.Combine(
            Path.GetDirectoryName(Path.GetDirectoryName(Path.GetDirectoryName(DmkdProgram.Path)!)!)!,
            "Dmkd.Silo",
            Path.GetFileName(Path.GetDirectoryName(DmkdProgram.Path)!),
            "dmkd-silo.dll"
        );
        var start = new ProcessStartInfo("dotnet", [program, .. settings])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["Logging__LogLevel__Default"] = "Warning";
        start.Environment["DOTNET_TieredPGO"] = "0"; // as in DmkdProcess
        start.Environment["Dmkd__HttpPort"] = "0"; // several on one machine; a test that wants HTTP names a port
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Write(line.Data);
        _process.ErrorDataReceived += (_, line) => Write(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What it said.</summary>
    public string Log
    {
        get
        {
            lock (_log)
                return _log.ToString();
        }
    }

    /// <summary>Port that silos use.</summary>
    public int SiloPort { get; private init; }

    /// <summary>Port that clients use.</summary>
    public int GatewayPort { get; private init; }

    /// <summary>Starts a silo on free ports.</summary>
    public static SiloProcess Start(string database, params string[] settings) =>
        Start([$"--Dmkd:Cluster={database}", .. settings], environment: null);

    /// <summary>Starts a silo on free ports, with more in its environment.</summary>
    public static SiloProcess Start(string database, IReadOnlyDictionary<string, string> environment) =>
        Start([$"--Dmkd:Cluster={database}"], environment);

    /// <summary>Starts a silo of its own over a folder, on free ports.</summary>
    public static SiloProcess StartAlone(string home, params string[] settings) =>
        Start([$"--Dmkd:Home={home}", .. settings], environment: null);

    private static SiloProcess Start(string[] settings, IReadOnlyDictionary<string, string>? environment)
    {
        int silo = FreePort(),
            gateway = FreePort(),
            http = FreePort();
        return new SiloProcess(
            [$"--Dmkd:SiloPort={silo}", $"--Dmkd:GatewayPort={gateway}", $"--Dmkd:HttpPort={http}", .. settings],
            environment
        )
        {
            SiloPort = silo,
            GatewayPort = gateway,
            HttpPort = http,
        };
    }

    /// <summary>Waits until its log contains a text.</summary>
    public Task LogsAsync(string text) =>
        UntilAsync(() => Task.FromResult(Log.Contains(text, StringComparison.Ordinal)), $"'{text}'");

    /// <summary>Waits until it listens for clients.</summary>
    public Task ListensAsync() =>
        UntilAsync(
            async () =>
            {
                try
                {
                    using var client = new TcpClient();
                    await client.ConnectAsync(IPAddress.Loopback, GatewayPort, TestContext.Current.CancellationToken);
                    return true;
                }
                catch (SocketException)
                {
                    return false;
                }
            },
            "the gateway"
        );

    private async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(90))
                Assert.Fail($"No {what} of the silo: {Log}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Port of HTTP.</summary>
    public int HttpPort { get; private init; }

    /// <summary>Asks over HTTP.</summary>
    /// <param name="path">What for.</param>
    /// <param name="key">API key to show; null for none.</param>
    /// <param name="authority">File of the authority whose certificate the silo must show, for this address; null to
    /// ask without TLS.</param>
    /// <param name="own">Folder of the certificate to show; null for none.</param>
    public async Task<(HttpStatusCode Status, string Text)> GetAsync(
        string path,
        string? key = null,
        string? authority = null,
        string? own = null
    )
    {
        using var handler = new SocketsHttpHandler();
        using var root = authority is null ? null : X509CertificateLoader.LoadCertificateFromFile(authority);
        if (root is not null)
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { root },
                RevocationMode = X509RevocationMode.NoCheck,
            };
        using var shown = own is null
            ? null
            : X509Certificate2.CreateFromPemFile(Path.Combine(own, "tls.crt"), Path.Combine(own, "tls.key"));
        if (shown is not null)
            handler.SslOptions.ClientCertificates = [shown];
        using var client = new HttpClient(handler);
        if (key is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var response = await client.GetAsync(
            new Uri($"{(root is null ? "http" : "https")}://127.0.0.1:{HttpPort}{path}")
        );
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Sends nothing over HTTP, to where only reading is known.</summary>
    public async Task<(HttpStatusCode Status, string Text)> PostAsync(string path)
    {
        using var client = new HttpClient();
        using var response = await client.PostAsync(new Uri($"http://127.0.0.1:{HttpPort}{path}"), content: null);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Waits until the silo is ready, or not ready; by TLS where an authority is given.</summary>
    public async Task IsUpAsync(bool isReady = true, string? authority = null)
    {
        using var limit = new CancellationTokenSource(Patience.Seconds(60));
        while (true)
        {
            try
            {
                if (
                    (await GetAsync("/healthz/ready", authority: authority)).Status
                    == (isReady ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable)
                )
                    return;
            }
            catch (HttpRequestException)
            {
                if (_process.HasExited)
                    Assert.Fail($"The silo ended: {Log}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), limit.Token);
        }
    }

    /// <summary>Starts a silo with settings that it is to refuse.</summary>
    public static async Task<(int Code, string Log)> RefusedAsync(params string[] settings)
    {
        using var silo = new SiloProcess(settings);
        await silo
            ._process.WaitForExitAsync(TestContext.Current.CancellationToken)
            .WaitAsync(Patience.Seconds(60), TestContext.Current.CancellationToken);
        return (silo._process.ExitCode, silo.Log);
    }

    /// <summary>kill -9.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Asks the silo to end, as a rolling restart does, and waits until it has.</summary>
    /// <returns>How long it took, and its exit code.</returns>
    public async Task<(TimeSpan Took, int Code)> TerminateAsync()
    {
        var clock = Stopwatch.StartNew();
        using (var kill = Process.Start("/bin/sh", ["-c", $"kill -TERM {_process.Id}"]))
            await kill.WaitForExitAsync();
        await _process
            .WaitForExitAsync(TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(120), TestContext.Current.CancellationToken);
        return (clock.Elapsed, _process.ExitCode);
    }

    /// <summary>Waits until this silo is a member of the cluster.</summary>
    public async Task UntilJoinedAsync(string database)
    {
        const int Active = 3; // SiloStatus.Active
        await using var source = NpgsqlDataSource.Create(database);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        while (await CountAsync(source, Active, limit.Token) != 1)
            await Task.Delay(TimeSpan.FromMilliseconds(200), limit.Token);
    }

    private async Task<long> CountAsync(NpgsqlDataSource source, int status, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = source.CreateCommand(
                "SELECT count(*) FROM OrleansMembership WHERE Status=$1 AND Port=$2"
            );
            command.Parameters.Add(new NpgsqlParameter { Value = status });
            command.Parameters.Add(new NpgsqlParameter { Value = SiloPort });
            return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        }
        catch (PostgresException)
        {
            return 0; // no silo has made the tables yet
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Write(string? line)
    {
        lock (_log)
            _log.AppendLine(line);
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
