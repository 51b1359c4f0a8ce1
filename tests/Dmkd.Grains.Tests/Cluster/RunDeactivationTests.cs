using System.Collections.Concurrent;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Experts;
using Dmkd.Grains.Runs.Rounds;

namespace Dmkd.Grains.Tests.Cluster;

public sealed class RunDeactivationTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Resume_RunThatWasDeactivatedDuringACall_GoesOn()
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var phases = new ConcurrentBag<RunPhase>();
        var probe = new StorageProbe
        {
            BeforeWrite = state =>
            {
                if (state is TrainingRunState run)
                    phases.Add(run.Phase);
                if (state is not ExpertModuleState || release.Task.IsCompleted)
                    return Task.CompletedTask;
                reached.TrySetResult();
                return release.Task;
            },
        };
        using var folder = new TemporaryFolder();
        await using var cluster = await DmkdCluster.StartAsync(folder.Path, configure: probe.Attach);
        var run = cluster.Grains.GetGrain<ITrainingRunGrain>("run");
        await run.StartAsync(
            Examples.TinySettings() with
            {
                Tasks = 1,
                Legacy = Examples.TinySettings().Legacy with { Tasks = 0 },
            },
            Cancel
        );
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel);

        await cluster.DeactivateAsync(run);
        release.SetResult();
        await run.ResumeAsync(Cancel);
        Assert.Single((await cluster.ReportAsync("run")).ClassIncremental);
        // the old activation must not call its own end a failure of the run
        Assert.DoesNotContain(RunPhase.Failed, phases);
    }
}
