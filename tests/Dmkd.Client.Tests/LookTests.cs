using System.Diagnostics;
using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

/// <summary>Commands that only look: beside a run at work, in a folder that cannot be written, without libtorch.</summary>
[Collection(SharedHome.Name)]
public sealed class LookTests(FinishedRun finished) : IDisposable
{
    private const int LongRun = 5000; // rounds, far more than a test waits for
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Look_BesideARunAtWork_TellsThatItRuns()
    {
        string home = _folder["home"];
        using var process = DmkdProcess.Start(home, TinyRun.OfRounds(LongRun));
        await process.SeesAsync("task 1/2: expert-1 for");
        var listed = Json.Parse((await DmkdProcess.RunAsync(home, "runs", "list", "--json")).IsSuccess().Output);
        Assert.Equal("running", Assert.Single(listed.EnumerateArray()).GetProperty("state").GetString());
        var module = Json.Parse(
            (await DmkdProcess.RunAsync(home, "modules", "show", "expert-1", "--json")).IsSuccess().Output
        );
        Assert.Equal(TinyRun.Id, module.GetProperty("library").GetString());
        process.Kill();
        await process.EndAsync();
        var shown = await DmkdProcess.RunAsync(home, "runs", "show", TinyRun.Id, "--json");
        Assert.Equal("interrupted", Json.Parse(shown.IsSuccess().Output).GetProperty("state").GetString());
    }

    [Theory]
    [InlineData("runs", "list")]
    [InlineData("runs", "show", TinyRun.Id)]
    [InlineData("modules", "list")]
    [InlineData("modules", "show", "expert-1")]
    public async Task Look_ReadOnlyFileSystem_TellsTheSame(params string[] arguments)
    {
        var usual = (await DmkdProcess.RunAsync(finished.Home, arguments)).IsSuccess();
        string home = _folder.Copy(finished.Home, "home");
        string[] program = ["dotnet", DmkdProgram.Path, .. arguments, "--home", home];
        var outcome = await RunAsync("unshare", [.. ReadOnly(home), .. program]);
        Assert.Equal(usual.Output, outcome.IsSuccess().Output);
    }

    [Theory]
    [InlineData("--version")]
    [InlineData("--help")]
    [InlineData("certs", "--help")]
    [InlineData("audit", "list")]
    [InlineData("runs", "list")]
    [InlineData("runs", "show", TinyRun.Id)]
    [InlineData("modules", "list")]
    [InlineData("modules", "show", "expert-1")]
    public async Task Look_AnyCommand_DoesNotLoadLibtorch(params string[] arguments)
    {
        var loaded = await LibrariesOfAsync(arguments);
        Assert.Contains(loaded, line => line.Contains("libcoreclr", StringComparison.Ordinal));
        Assert.DoesNotContain(loaded, line => line.Contains("torch", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Command_ThatComputes_LoadsLibtorch()
    {
        string[] files = ["--checkpoint", _folder["missing.pth"], "--output", _folder["out.safetensors"]];
        var loaded = await LibrariesOfAsync(["convert", "--architecture", "convnet", .. files]);
        Assert.Contains(loaded, line => line.Contains("libtorch", StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Arguments of <c>unshare</c> by which a program sees a folder as one of a read-only file system.</summary>
    private static string[] ReadOnly(string folder)
    {
        string script = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec \"$@\"";
        string[] all = ["--mount", "--map-root-user", "sh", "-c", script, folder];
        using var attempt = Process.Start(
            new ProcessStartInfo("unshare", [.. all, "true"]) { RedirectStandardError = true }
        );
        attempt!.WaitForExit();
        Assert.SkipWhen(attempt.ExitCode != 0, "This machine lets nobody mount a folder as read-only.");
        return all;
    }

    /// <summary>What the loader says of a command's native libraries.</summary>
    private async Task<string[]> LibrariesOfAsync(params string[] arguments)
    {
        string[] home = arguments is ["runs" or "modules", ..] ? ["--home", finished.Home] : [];
        string trace = Path.Combine(Directory.CreateDirectory(_folder["trace"]).FullName, "loader");
        string[] loader = ["LD_DEBUG=files", $"LD_DEBUG_OUTPUT={trace}"];
        _ = await RunAsync("env", [.. loader, "dotnet", DmkdProgram.Path, .. arguments, .. home]);
        return [.. Directory.EnumerateFiles(_folder["trace"]).SelectMany(File.ReadLines)];
    }

    private static async Task<Outcome> RunAsync(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        foreach (string name in (string[])["DMKD_HOME", "DMKD_CLUSTER", "DMKD_CERTIFICATES"])
            start.Environment.Remove(name);
        using var process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new Outcome(process.ExitCode, output, Error: "", Home: "");
    }
}
