using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Runs;
using Dmkd.Grains.Runs.Rounds;
using Microsoft.Extensions.DependencyInjection;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>
/// A run that is stopped stays stopped, and ends once resumed exactly as one that was never interrupted.
/// </summary>
public sealed class RunStopTests(UninterruptedRun uninterrupted) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(RunPhase.Preserve)]
    [InlineData(RunPhase.Merge)] // for training see below
    [InlineData(RunPhase.Specialize)]
    [InlineData(RunPhase.Evaluate)]
    public async Task Stop_ThenResume_DecidesTheSame(RunPhase phase)
    {
        await using var cluster = await DmkdCluster.StartAsync(_folder.Path);
        var run = await StopInAsync(cluster, phase);
        Assert.Equal((true, false), await StoppedAndAtWorkAsync(run));
        await run.ResumeAsync(Cancel);
        Assert.Equal(
            await uninterrupted.OutcomeAsync(),
            await RunOutcome.OfAsync(cluster.Grains, await cluster.ReportAsync(RunId))
        );
    }

    [Fact]
    public async Task Stop_SilosThatStartLater_LeaveTheRunAlone()
    {
        await using (var cluster = await DmkdCluster.StartAsync(_folder.Path))
            await StopInAsync(cluster, RunPhase.Train);
        await using var later = await DmkdCluster.StartAsync(_folder.Path);
        var run = later.Grains.GetGrain<ITrainingRunGrain>(RunId);
        Assert.Equal((true, false), await StoppedAndAtWorkAsync(run)); // a look that wakes an interrupted run
        var summary = Assert.Single(
            await later.Grains.GetGrain<ILibraryDirectoryGrain>(ILibraryDirectoryGrain.Key).ListRunsAsync(Cancel)
        );
        Assert.True(summary.IsStopped);
        await run.ResumeAsync(Cancel);
        Assert.Equal(
            await uninterrupted.OutcomeAsync(),
            await RunOutcome.OfAsync(later.Grains, await later.ReportAsync(RunId))
        );
        Assert.False(
            (await later.Grains.GetGrain<ILibraryDirectoryGrain>(ILibraryDirectoryGrain.Key).ListRunsAsync(Cancel))[
                0
            ].IsStopped
        );
    }

    [Fact]
    public async Task Stop_AgainAndAfterTheEnd_ChangesNothing()
    {
        await using var cluster = await DmkdCluster.StartAsync(_folder.Path);
        var run = await StopInAsync(cluster, RunPhase.Train);
        await run.StopAsync(Cancel);
        await run.ResumeAsync(Cancel);
        await cluster.ReportAsync(RunId);
        await run.StopAsync(Cancel);
        Assert.Equal((false, false), await StoppedAndAtWorkAsync(run));
        Assert.NotNull(await run.GetReportAsync(Cancel));
    }

    [Fact]
    public async Task Look_WhereInterruptedRunsWait_DoesNotGoOn()
    {
        await using var cluster = await DmkdCluster.StartAsync(
            await uninterrupted.FolderAtAsync("assign ends"),
            configure: silo => silo.Services.AddSingleton(new InterruptedRuns(resumeOnAccess: false))
        );
        var run = cluster.Grains.GetGrain<ITrainingRunGrain>(RunId);
        Assert.Equal((false, false), await StoppedAndAtWorkAsync(run));
        await run.ResumeAsync(Cancel);
        Assert.Equal(
            await uninterrupted.OutcomeAsync(),
            await RunOutcome.OfAsync(cluster.Grains, await cluster.ReportAsync(RunId))
        );
    }

    [Fact]
    public async Task Resume_WhereInterruptedRunsWait_GoesOnAfterItsActivationEnded()
    {
        await using var cluster = await DmkdCluster.StartAsync(
            await uninterrupted.FolderAtAsync("assign ends"),
            configure: silo => silo.Services.AddSingleton(new InterruptedRuns(resumeOnAccess: false))
        );
        var run = cluster.Grains.GetGrain<ITrainingRunGrain>(RunId);
        await run.ResumeAsync(Cancel);
        await cluster.DeactivateAsync(run); // as when its state cannot be stored for a moment
        Assert.Equal(
            await uninterrupted.OutcomeAsync(),
            await RunOutcome.OfAsync(cluster.Grains, await cluster.ReportAsync(RunId))
        );
    }

    [Fact]
    public async Task Remove_RunAtWork_IsRefusedAndAStoppedOneIsGone()
    {
        await using var cluster = await DmkdCluster.StartAsync(_folder.Path);
        var run = cluster.Grains.GetGrain<ITrainingRunGrain>(RunId);
        await run.StartAsync(TinySettings(), Cancel);
        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => run.RemoveAsync(Cancel));
        Assert.Contains($"runs stop {RunId}", refusal.Message, StringComparison.Ordinal);
        await DmkdCluster.UntilAsync(
            async () => (await run.GetProgressAsync(long.MaxValue)).Phase >= RunPhase.Specialize,
            "a merged module"
        );
        await run.StopAsync(Cancel);
        var catalog = cluster.Grains.GetGrain<IModuleCatalogGrain>(RunId);
        string module = (await catalog.ListAsync(Cancel))[0].Descriptor.Name;
        refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => catalog.RemoveModuleAsync(module, Cancel));
        Assert.Contains($"Run {RunId} is not over", refusal.Message, StringComparison.Ordinal);
        Assert.True((await run.RemoveAsync(Cancel)).Modules > 0);
        Assert.Null(await run.GetSettingsAsync(Cancel));
        Assert.Empty(await catalog.ListAsync(Cancel));
        var directory = cluster.Grains.GetGrain<ILibraryDirectoryGrain>(ILibraryDirectoryGrain.Key);
        Assert.Empty(await directory.ListRunsAsync(Cancel));
        Assert.Equal(new RemovedRun(0, 0), await run.RemoveAsync(Cancel));
        await run.StartAsync(TinySettings(), Cancel); // the id is free, and nothing of before is in the way
        Assert.Equal(
            await uninterrupted.OutcomeAsync(),
            await RunOutcome.OfAsync(cluster.Grains, await cluster.ReportAsync(RunId))
        );
    }

    [Fact]
    public async Task Remove_NodeThatStillStoresItsLastUpdate_IsRefusedUntilItIsDone()
    {
        TaskCompletionSource stores = new(),
            release = new();
        var probe = new StorageProbe
        {
            BeforeWrite = state =>
            {
                if (state is not NodeState)
                    return Task.CompletedTask;
                stores.TrySetResult();
                return release.Task;
            },
        };
        await using var cluster = await DmkdCluster.StartAsync(_folder.Path, configure: probe.Attach);
        var run = cluster.Grains.GetGrain<ITrainingRunGrain>(RunId);
        await run.StartAsync(TinySettings(), Cancel);
        await stores.Task.WaitAsync(Cancel);
        await run.StopAsync(Cancel);
        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => run.RemoveAsync(Cancel));
        Assert.Contains($"{RunId}/node-", refusal.Message, StringComparison.Ordinal);
        Assert.NotNull(await run.GetSettingsAsync(Cancel));
        release.SetResult();
        Assert.True((await run.RemoveAsync(Cancel)).Nodes > 0);
        for (int node = 0; node < TinySettings().Participation.Nodes; node++)
        {
            string key = RunRules.NodeKey(RunId, node, TinySettings().Device);
            Assert.False(await cluster.Grains.GetGrain<INodeGrain>(key).RemoveAsync(Cancel)); // nothing is left
        }
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<ITrainingRunGrain> StopInAsync(DmkdCluster cluster, RunPhase phase)
    {
        var run = cluster.Grains.GetGrain<ITrainingRunGrain>(RunId);
        await run.StartAsync(TinySettings(), Cancel);
        await DmkdCluster.UntilAsync(
            async () => (await run.GetProgressAsync(long.MaxValue)).Phase >= phase,
            $"phase {phase}"
        );
        await run.StopAsync(Cancel);
        return run;
    }

    private static async Task<(bool IsStopped, bool IsAtWork)> StoppedAndAtWorkAsync(ITrainingRunGrain run)
    {
        var look = await run.GetProgressAsync(long.MaxValue, Cancel);
        return (look.IsStopped, look.IsAtWork);
    }
}
