using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Dmkd.Chaos.Killing;

/// <summary>A silo as a process that can be killed, frozen and started again.</summary>
internal sealed class SiloProcess(string home, int number) : IDisposable
{
    private const int SigKill = 9,
        SigCont = 18,
        SigStop = 19;
    private readonly int _siloPort = FreePort();
    private Process? _process;

    public int GatewayPort { get; } = FreePort();

    public bool IsRunning => _process is { HasExited: false };

    /// <summary>Starts the process.</summary>
    public void Start()
    {
        _process?.Dispose();
        var start = new ProcessStartInfo(
            Environment.ProcessPath!,
            ["silo", "--home", home, "--silo-port", $"{_siloPort}", "--gateway-port", $"{GatewayPort}"]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        string log = Path.Combine(home, $"silo-{number}.log");
        _process.OutputDataReceived += (_, line) => Write(log, line.Data);
        _process.ErrorDataReceived += (_, line) => Write(log, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>kill -9.</summary>
    public void Kill() => Signal(SigKill);

    /// <summary>SIGSTOP.</summary>
    public void Freeze() => Signal(SigStop);

    /// <summary>SIGCONT.</summary>
    public void Wake() => Signal(SigCont);

    public void Dispose()
    {
        if (IsRunning)
            Kill();
        _process?.WaitForExit();
        _process?.Dispose();
    }

    private void Signal(int number)
    {
        if (IsRunning)
            _ = Native.Kill(_process!.Id, number);
    }

    private static void Write(string log, string? line)
    {
        if (line is null)
            return;
        lock (typeof(SiloProcess))
            File.AppendAllText(log, line + "\n");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static class Native
    {
        [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Kill(int process, int signal);
    }
}
