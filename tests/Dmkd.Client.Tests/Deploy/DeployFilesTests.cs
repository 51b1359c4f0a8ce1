using System.Diagnostics;

namespace Dmkd.Client.Tests.Deploy;

/// <summary>The files that a cluster is deployed by, as far as they can be checked without a Docker engine.</summary>
public sealed class DeployFilesTests
{
    private const int ToolIsMissing = 77;

    [Theory]
    [InlineData("compose")]
    [InlineData("prometheus")]
    [InlineData("collector")]
    [InlineData("dashboard")]
    public async Task Check_OfTheRepositorysFiles_FindsNothing(string check)
    {
        var cancel = TestContext.Current.CancellationToken;
        using var process = Process.Start(
            new ProcessStartInfo("bash", [Repository.File("eng", "check-deploy.sh"), check])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var error = process.StandardError.ReadToEndAsync(cancel);
        string output = await process.StandardOutput.ReadToEndAsync(cancel) + await error;
        await process.WaitForExitAsync(cancel);
        Assert.SkipWhen(process.ExitCode == ToolIsMissing, output);
        Assert.True(process.ExitCode == 0, output);
    }
}
