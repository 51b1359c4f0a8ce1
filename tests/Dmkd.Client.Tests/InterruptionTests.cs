using System.Diagnostics;
using Dmkd.Client.Tests.Cluster;
using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

/// <summary>What the program leaves when something ends it.</summary>
public sealed class InterruptionTests(FinishedRun finished) : IDisposable
{
    private const int LongRun = 5000; // rounds, far more than a test waits for
    private readonly TemporaryFolder _folder = new();

    private string Home => _folder["home"];

    [Theory]
    [InlineData($"run {TinyRun.Id}: synthetic")] // the legacy model trains; nodes do below
    [InlineData("task 1/2: accuracy")] // between two tasks
    public async Task Run_KilledAndResumed_EndsWithTheNumbersOfAnUninterruptedRun(string killedAt)
    {
        using (var process = DmkdProcess.Start(Home, TinyRun.Arguments()))
        {
            await process.SeesAsync(killedAt);
            process.Kill();
            Assert.Equal(128 + 9, (await process.EndAsync()).ExitCode);
        }

        var resumed = (await DmkdCommand.RunAsync(Home, "run", "--resume", TinyRun.Id, "--json")).IsSuccess();
        Assert.Equal(finished.Document.Numbers(), Json.Parse(resumed.Output).Numbers());
    }

    [Fact]
    public async Task Run_KilledThenStopped_WaitsUntilItIsResumedAndEndsTheSame()
    {
        using (var process = DmkdProcess.Start(Home, TinyRun.Arguments()))
        {
            await process.SeesAsync("task 1/2: expert-1 for");
            process.Kill();
            await process.EndAsync();
        }

        Assert.Equal("interrupted", await StateAsync("show"));
        (await DmkdCommand.RunAsync(Home, "runs", "watch", TinyRun.Id)).IsRefused(
            "is interrupted",
            $"runs resume {TinyRun.Id} --home {Home}"
        );
        Assert.Equal("stopped", await StateAsync("stop"));
        Assert.Equal("stopped", await StateAsync("show"));
        var resumed = Json.Parse(
            (await DmkdCommand.RunAsync(Home, "runs", "resume", TinyRun.Id, "--json")).IsSuccess().Output
        );
        Assert.Equal(finished.Document.OwnNumbers(), resumed.OwnNumbers());
    }

    private async Task<string?> StateAsync(string command) =>
        Json.Parse((await DmkdCommand.RunAsync(Home, "runs", command, TinyRun.Id, "--json")).IsSuccess().Output)
            .GetProperty("state")
            .GetString();

    [Fact]
    public async Task Silo_OverAHomeWithAnInterruptedRun_GoesOnWithItAndServesConsoles()
    {
        using (var process = DmkdProcess.Start(Home, TinyRun.Arguments()))
        {
            await process.SeesAsync("task 1/2: expert-1 for");
            process.Kill();
            await process.EndAsync();
        }

        using var silo = SiloProcess.StartAlone(Home);
        await silo.IsUpAsync();
        var (code, log) = await SiloProcess.RefusedAsync(
            $"--Dmkd:Home={Home}",
            "--Dmkd:SiloPort=1",
            "--Dmkd:GatewayPort=2"
        );
        Assert.Equal(2, code);
        Assert.Contains("another dmkd process holds it (dmkd-silo, process id ", log, StringComparison.Ordinal);
        var watched = (await DmkdCommand.RunAsync(Home, "runs", "watch", TinyRun.Id, "--json")).IsSuccess();
        Assert.Equal(finished.Document.OwnNumbers(), Json.Parse(watched.Output).OwnNumbers());
        (await DmkdCommand.RunAsync(Home, "modules", "list")).IsSuccess();
        string[] more = ["--id", "second", "--detach"];
        var detached = (await DmkdCommand.RunAsync(Home, [.. TinyRun.OfRounds(LongRun), .. more])).IsSuccess();
        Assert.Equal("second\n", detached.Output);
        (await DmkdCommand.RunAsync(Home, "runs", "stop", "second")).IsSuccess();
        Assert.Equal(0, (await silo.TerminateAsync()).Code);
        (await DmkdCommand.RunAsync(Home, "runs", "show", "second")).IsSuccess();
    }

    [Fact]
    public async Task Run_InterruptedBeforeAnythingIsStored_SaysSo()
    {
        using var process = DmkdProcess.Start(Home, "run");
        await process.LoadsAsync("libtorch");
        await process.InterruptAsync();
        var outcome = await process.EndAsync();
        Assert.Equal(130, outcome.ExitCode);
        Assert.Equal("dmkd: Stopped; nothing was stored yet.\n", outcome.Error);
    }

    [Fact]
    public async Task Command_OutputThatCannotBeWritten_NamesIt()
    {
        var outcome = await DmkdProcess.RunInShellAsync("--help >/dev/full");
        Assert.Equal(
            (1, "dmkd: Standard output cannot be written: No space left on device"),
            (outcome.ExitCode, outcome.Error.Split(" : '")[0].TrimEnd('\n'))
        );
    }

    [Fact]
    public async Task Run_Interrupted_HeldItsHomeEndsPromptlyAndSaysHowToGoOn()
    {
        using var process = DmkdProcess.Start(Home, TinyRun.OfRounds(LongRun));
        await process.SeesAsync("task 1/2: expert-1 for");
        (await DmkdProcess.RunAsync(Home, TinyRun.Arguments())).IsRefused(Home, "another dmkd process", "--home");
        (await DmkdCommand.RunAsync(Home, "runs", "stop", TinyRun.Id)).IsRefused(
            Home,
            $"another dmkd process holds it (dmkd, process id {process.Id})",
            $"kill {process.Id}",
            "--home"
        );
        var clock = Stopwatch.StartNew();
        await process.InterruptAsync();
        var outcome = await process.EndAsync();
        Assert.Equal(130, outcome.ExitCode);
        Assert.Contains(
            $"run --resume {TinyRun.Id} --home {Home}",
            Assert.Single(outcome.Error.TrimEnd('\n').Split('\n')),
            StringComparison.Ordinal
        );
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(15)); // takes one; two busy cores
    }

    public void Dispose() => _folder.Dispose();
}
