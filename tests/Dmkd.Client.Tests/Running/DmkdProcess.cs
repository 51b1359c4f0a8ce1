using System.Diagnostics;
using System.Text;

namespace Dmkd.Client.Tests.Running;

/// <summary>The real program in a process of its own. Disposing kills it if it still runs.</summary>
internal sealed class DmkdProcess : IDisposable
{
    // a run takes 5 s on two quiet cores, and they are seldom quiet
    private static readonly TimeSpan Limit = Patience.Seconds(240);
    private static readonly bool IgnoresInterrupts = AreInterruptsIgnored();
    private readonly Process _process;
    private readonly Capture _output = new();
    private readonly Capture _error = new();
    private readonly string _home;

    private DmkdProcess(string home, string[] arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        _home = home;
        string[] command = ["dotnet", DmkdProgram.Path, .. arguments];
        if (IgnoresInterrupts)
            command = ["env", "--default-signal=INT", .. command];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            Environment =
            {
                ["NO_COLOR"] = null,
                ["TERM"] = "xterm-256color",
                ["DMKD_HOME"] = null,
                ["DMKD_CLUSTER"] = null,
                ["DMKD_CERTIFICATES"] = null,
                ["DOTNET_TieredPGO"] = "0", // a fifth of the start of a process that lives for seconds
            },
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => _output.Add(line.Data);
        _process.ErrorDataReceived += (_, line) => _error.Add(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Starts the program.</summary>
    public static DmkdProcess Start(string home, params string[] arguments) =>
        new(home, [.. arguments, "--home", home]);

    /// <summary>Starts the program, connected to a cluster.</summary>
    public static DmkdProcess StartInCluster(string database, params string[] arguments) =>
        new(database, [.. arguments, "--cluster", database]);

    /// <summary>The same with more in its environment.</summary>
    public static DmkdProcess StartInCluster(
        string database,
        IReadOnlyDictionary<string, string> environment,
        params string[] arguments
    ) => new(database, [.. arguments, "--cluster", database], environment);

    /// <summary>Runs the program, connected to a cluster, to its end.</summary>
    public static async Task<Outcome> RunInClusterAsync(string database, params string[] arguments)
    {
        using var process = StartInCluster(database, arguments);
        return await process.EndAsync();
    }

    /// <summary>Runs the program to its end, in no place at all.</summary>
    public static async Task<Outcome> RunPlainAsync(params string[] arguments)
    {
        using var process = new DmkdProcess("", arguments);
        return await process.EndAsync();
    }

    /// <summary>Runs the program to its end.</summary>
    public static async Task<Outcome> RunAsync(string home, params string[] arguments)
    {
        using var process = Start(home, arguments);
        return await process.EndAsync();
    }

    /// <summary>Runs the program by a shell to its end.</summary>
    /// <param name="line">Its arguments, and where its standard output goes.</param>
    public static async Task<Outcome> RunInShellAsync(string line)
    {
        using var shell = new Process
        {
            StartInfo = new ProcessStartInfo("/bin/sh", ["-c", $"exec dotnet '{DmkdProgram.Path}' {line}"])
            {
                RedirectStandardError = true,
            },
        };
        shell.Start();
        string error = await shell.StandardError.ReadToEndAsync();
        await shell.WaitForExitAsync();
        return new Outcome(shell.ExitCode, "", error, "");
    }

    /// <summary>Waits until the program loads a library: it runs code of its own by then.</summary>
    public async Task LoadsAsync(string library)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (
            !(await File.ReadAllTextAsync($"/proc/{_process.Id}/maps", limit.Token)).Contains(
                library,
                StringComparison.Ordinal
            )
        )
            await Task.Delay(TimeSpan.FromMilliseconds(5), limit.Token);
    }

    /// <summary>Waits until a line of standard output contains a text.</summary>
    public async Task SeesAsync(string text)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            var changed = _output.Changed; // before the look, so that no line is missed
            if (_output.ToString().Contains(text, StringComparison.Ordinal))
                return;
            if (_output.IsClosed)
                Assert.Fail($"The program ended without saying '{text}': {_output}{_error}");
            await changed.WaitAsync(limit.Token);
        }
    }

    /// <summary>Kills it as <c>kill -9</c> does: nothing in the program gets to run.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Sends what Ctrl-C sends.</summary>
    public async Task InterruptAsync()
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -INT {_process.Id}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Waits for the end.</summary>
    public async Task<Outcome> EndAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        await _process.WaitForExitAsync(limit.Token);
        return new Outcome(_process.ExitCode, _output.ToString(), _error.ToString(), _home);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    /// <summary>
    /// Whether this process ignores Ctrl-C, as all that a shell starts in the background do; its children would, too.
    /// </summary>
    private static bool AreInterruptsIgnored()
    {
        const ulong Interrupt = 1 << (2 - 1); // SIGINT is 2, signals count from 1
        const string Field = "SigIgn:";
        string line = File.ReadLines("/proc/self/status")
            .Single(text => text.StartsWith(Field, StringComparison.Ordinal));
        return (Convert.ToUInt64(line[Field.Length..].Trim(), 16) & Interrupt) != 0;
    }

    /// <summary>Lines of a stream, as they come.</summary>
    private sealed class Capture
    {
        private readonly Lock _gate = new();
        private readonly StringBuilder _text = new();
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsClosed { get; private set; }

        /// <summary>Ends at the next line, and at the end of the stream.</summary>
        public Task Changed
        {
            get
            {
                lock (_gate)
                    return _changed.Task;
            }
        }

        public void Add(string? line)
        {
            lock (_gate)
            {
                if (line is null)
                    IsClosed = true;
                else
                    _text.Append(line).Append('\n');
                _changed.SetResult();
                _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        public override string ToString()
        {
            lock (_gate)
                return _text.ToString();
        }
    }
}
