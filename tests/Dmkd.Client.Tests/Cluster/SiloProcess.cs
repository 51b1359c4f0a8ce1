using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Dmkd.Client.Tests.Running;
using Npgsql;

namespace Dmkd.Client.Tests.Cluster;

/// <summary>The silo program in a process of its own, over a cluster's database.</summary>
internal sealed class SiloProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _log = new();

    private readonly int _port;

    private SiloProcess(string[] settings, int port = 0)
    {
        _port = port;
        string program = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(Path.GetDirectoryName(DmkdProgram.Path)!)!)!, "Dmkd.Silo", Path.GetFileName(Path.GetDirectoryName(DmkdProgram.Path)!), "dmkd-silo.dll");
        var start = new ProcessStartInfo("dotnet", [program, .. settings]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["Logging__LogLevel__Default"] = "Warning";
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
            lock (_log) return _log.ToString();
        }
    }

    /// <summary>Starts a silo on free ports.</summary>
    public static SiloProcess Start(string database)
    {
        int port = FreePort();
        return new SiloProcess([$"--Dmkd:Cluster={database}", $"--Dmkd:SiloPort={port}", $"--Dmkd:GatewayPort={FreePort()}"], port);
    }

    /// <summary>Starts a silo with settings that it is to refuse.</summary>
    public static async Task<(int Code, string Log)> RefusedAsync(params string[] settings)
    {
        using var silo = new SiloProcess(settings);
        await silo._process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        return (silo._process.ExitCode, silo.Log);
    }

    /// <summary>kill -9.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Asks the silo to end, as a rolling restart does, and waits until it has.</summary>
    /// <returns>How long it took, and its exit code.</returns>
    public async Task<(TimeSpan Took, int Code)> TerminateAsync()
    {
        var clock = Stopwatch.StartNew();
        using (var kill = Process.Start("/bin/sh", ["-c", $"kill -TERM {_process.Id}"])) await kill.WaitForExitAsync();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(120), TestContext.Current.CancellationToken);
        return (clock.Elapsed, _process.ExitCode);
    }

    /// <summary>Waits until this silo is a member of the cluster.</summary>
    public async Task UntilJoinedAsync(string database)
    {
        const int Active = 3; // SiloStatus.Active
        await using var source = NpgsqlDataSource.Create(database);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        while (await CountAsync(source, Active, limit.Token) != 1) await Task.Delay(TimeSpan.FromMilliseconds(200), limit.Token);
    }

    private async Task<long> CountAsync(NpgsqlDataSource source, int status, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = source.CreateCommand("SELECT count(*) FROM OrleansMembership WHERE Status=$1 AND Port=$2");
            command.Parameters.Add(new NpgsqlParameter { Value = status });
            command.Parameters.Add(new NpgsqlParameter { Value = _port });
            return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        }
        catch (PostgresException)
        {
            return 0; // no silo has made the tables yet
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Write(string? line)
    {
        lock (_log) _log.AppendLine(line);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
