using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Dmkd.Chaos.Killing;

/// <summary>A silo as a process that can be killed, asked to end, frozen and started again.</summary>
internal sealed class SiloProcess(string home, int number) : IDisposable
{
    private const int SigKill = 9,
        SigTerm = 15,
        SigCont = 18,
        SigStop = 19;
    private readonly int _siloPort = FreePort();
    private Process? _process;

    public int GatewayPort { get; } = FreePort();

    public bool IsRunning => _process is { HasExited: false };

    /// <summary>What the silo last wrote, for a message.</summary>
    public string LastWords => File.Exists(Log) ? string.Join('\n', File.ReadLines(Log).TakeLast(5)) : "";

    private string Log => Path.Combine(home, $"silo-{number}.log");

    /// <summary>
    /// Starts the process: this program again, by the host that runs .NET programs, whoever runs it now.
    /// </summary>
    public void Start()
    {
        _process?.Dispose();
        var start = new ProcessStartInfo(
            DotnetHost(),
            [
                Path.ChangeExtension(typeof(SiloProcess).Assembly.Location, ".dll"),
                "silo",
                "--home",
                home,
                "--silo-port",
                $"{_siloPort}",
                "--gateway-port",
                $"{GatewayPort}",
            ]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Write(line.Data);
        _process.ErrorDataReceived += (_, line) => Write(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>kill -9.</summary>
    public void Kill() => Signal(SigKill);

    /// <summary>SIGTERM: the silo is asked to end.</summary>
    public void Terminate() => Signal(SigTerm);

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

    private void Signal(int signal)
    {
        if (IsRunning)
            _ = Native.Kill(_process!.Id, signal);
    }

    private void Write(string? line)
    {
        if (line is null)
            return;
        lock (typeof(SiloProcess))
            File.AppendAllText(Log, line + "\n");
    }

    private static string DotnetHost()
    {
        string? own = Environment.ProcessPath;
        if (Path.GetFileNameWithoutExtension(own) == "dotnet")
            return own!;
        return Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
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
