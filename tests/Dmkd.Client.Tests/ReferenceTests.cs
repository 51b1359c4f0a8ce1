using System.Diagnostics;
using System.Reflection;
using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

/// <summary>docs/reference is what the program says about itself. <c>DMKD_REGENERATE=1</c> writes it anew.</summary>
public sealed class ReferenceTests
{
    [Theory]
    [InlineData("cli")]
    [InlineData("settings")]
    public async Task Page_InTheDocumentation_IsWhatTheProgramPrints(string page)
    {
        string tests = typeof(ReferenceTests)
            .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(entry => entry.Key == "ProjectFolder")
            .Value!;
        string file = Path.Combine(tests, "..", "..", "docs", "reference", page + ".md");
        string printed = await PrintedAsync(page);
        if (Environment.GetEnvironmentVariable("DMKD_REGENERATE") == "1")
            await File.WriteAllTextAsync(file, printed, TestContext.Current.CancellationToken);
        Assert.Equal(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), printed);
    }

    private static async Task<string> PrintedAsync(string page)
    {
        var start = new ProcessStartInfo("dotnet", [DmkdProgram.Path, "reference", page])
        {
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        string printed = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        return printed;
    }
}
