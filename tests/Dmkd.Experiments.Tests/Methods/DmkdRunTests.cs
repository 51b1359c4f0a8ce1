using Dmkd.Contracts.Runs;
using Dmkd.Experiments.Protocol;

namespace Dmkd.Experiments.Tests.Methods;

public sealed class DmkdRunTests
{
    private static readonly RunEvent[] Feed =
    [
        .. Enumerable.Range(1, 3).Select(number => new NodeLeft($"node {number}") { Sequence = number }),
    ];

    [Fact]
    public async Task FollowAsync_CompletedRun_ReturnsItsReportAndTellsEachLineOnce()
    {
        var run = new ScriptedRun(
            Dmkd.Experiments.Tests.Reports.Reports.Run,
            new RunProgress { Phase = RunPhase.Preserve, Events = Feed[..1] },
            new RunProgress { Phase = RunPhase.Train, Events = Feed[..2] },
            new RunProgress { Phase = RunPhase.Completed, Events = Feed }
        );
        List<string> told = [];
        var report = await FollowAsync(
            run,
            look => told.AddRange(look.Events.Cast<NodeLeft>().Select(entry => entry.Node))
        );
        Assert.Same(Dmkd.Experiments.Tests.Reports.Reports.Run, report);
        Assert.Equal(["node 1", "node 2", "node 3"], told);
        Assert.Equal([0L, 1L, 2L], run.Asked);
    }

    [Fact]
    public async Task FollowAsync_FailedRun_ThrowsWithItsError()
    {
        var run = new ScriptedRun(
            null,
            new RunProgress { Phase = RunPhase.Failed, Error = "Weights sha256:12 are damaged." }
        );
        Assert.Equal(
            "Weights sha256:12 are damaged.",
            (await Assert.ThrowsAsync<RunFailedException>(() => FollowAsync(run, _ => { }))).Message
        );
    }

    [Fact]
    public async Task FollowAsync_RunThatSomebodyStopped_SaysWhere()
    {
        var run = new ScriptedRun(
            null,
            new RunProgress
            {
                Phase = RunPhase.Merge,
                Task = 1,
                IsStopped = true,
            }
        );
        Assert.Equal(
            "in phase Merge of task 2",
            (await Assert.ThrowsAsync<RunHaltedException>(() => FollowAsync(run, _ => { }))).Where
        );
    }

    [Fact]
    public async Task FollowAsync_Cancelled_StopsFollowing()
    {
        using var source = new CancellationTokenSource();
        var run = new ScriptedRun(null, new RunProgress { Phase = RunPhase.Train });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            new DmkdRun(run, TimeProvider.System).FollowAsync(_ => source.Cancel(), source.Token)
        );
    }

    private static Task<RunReport> FollowAsync(ITrainingRunGrain run, Action<RunProgress> progress) =>
        new DmkdRun(run, TimeProvider.System).FollowAsync(progress, TestContext.Current.CancellationToken);
}
