using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

[Collection(SharedHome.Name)]
public sealed class ExistingRunTests(FinishedRun finished)
{
    [Fact]
    public async Task Run_ResumeOfAFinishedRun_PrintsTheSameNumbers()
    {
        var outcome = (await DmkdCommand.RunAsync(finished.Home, "run", "--resume", TinyRun.Id, "--json")).IsSuccess();
        Assert.Equal(finished.Document.Numbers(), Json.Parse(outcome.Output).Numbers());
    }

    [Fact]
    public async Task Run_ResumeOfAnUnknownRun_IsRefused() =>
        (await DmkdCommand.RunAsync(finished.Home, "run", "--resume", "unknown")).IsRefused("'unknown'", finished.Home);

    [Fact]
    public async Task Run_IdOfAnExistingRun_IsRefused() =>
        (await DmkdCommand.RunAsync(finished.Home, TinyRun.Arguments("--json"))).IsRefused(
            $"'{TinyRun.Id}' exists",
            "--resume",
            "--id"
        );
}
