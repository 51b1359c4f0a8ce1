using Dmkd.Chaos.Killing;
using Dmkd.Contracts.Runs;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>Silos as processes of their own that really end while a run is at work.</summary>
public sealed class KillTests
{
    [Fact]
    public async Task Kill_WhileRoutingIsFitted_ChangesNothing()
    {
        using var folder = new TemporaryFolder();
        List<string> told = [];
        KillResult result;
        using (var run = new KillRun(folder.Path, seed: 1, told.Add))
        {
            result = await run.RunAsync(
                [
                    new PlannedKill(RunPhase.Calibrate, KillKind.Kill, Silo: 0),
                    new PlannedKill(RunPhase.Calibrate, KillKind.Terminate, Silo: 1),
                ],
                TestContext.Current.CancellationToken
            );
        }

        Assert.True(result is { IsClean: true, Compared: > 0 }, string.Join('\n', told));
    }
}
