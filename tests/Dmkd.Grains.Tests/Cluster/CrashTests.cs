using Dmkd.Contracts.Runs;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>A run whose machine goes down ends, once resumed, exactly as one that was never interrupted.</summary>
public sealed class CrashTests(UninterruptedRun uninterrupted)
{
    public static TheoryData<string> Points => CrashPoints.Names;

    [Theory]
    [MemberData(nameof(Points))]
    public async Task Resume_AfterAPowerCut_DecidesTheSame(string crashPoint)
    {
        await using var cluster = await DmkdCluster.StartAsync(await uninterrupted.FolderAtAsync(crashPoint));
        Assert.Equal(await uninterrupted.OutcomeAsync(), await ResumeAsync(cluster));
    }

    // What the phases leave behind is above, how each ends when it is asked to in RunStopTests.
    [Theory]
    [InlineData(RunPhase.Preserve)]
    [InlineData(RunPhase.Train)]
    [InlineData(RunPhase.Evaluate)]
    public async Task Resume_AfterTheHostWasAskedToStop_DecidesTheSame(RunPhase phase)
    {
        using var folder = new TemporaryFolder();
        await using (var cluster = await DmkdCluster.StartAsync(folder.Path))
        {
            var run = cluster.Grains.GetGrain<ITrainingRunGrain>(Examples.RunId);
            await run.StartAsync(Examples.TinySettings(), TestContext.Current.CancellationToken);
            await DmkdCluster.UntilAsync(
                async () => (await run.GetProgressAsync(long.MaxValue)).Phase >= phase,
                $"phase {phase}"
            );
        }

        await using var later = await DmkdCluster.StartAsync(folder.Path);
        Assert.Equal(await uninterrupted.OutcomeAsync(), await ResumeAsync(later));
    }

    [Fact]
    public async Task Resume_AfterOneOfTwoSilosDied_DecidesTheSame()
    {
        using var folder = new TemporaryFolder();
        await using var cluster = await DmkdCluster.StartAsync(folder.Path, silos: 2);
        var run = cluster.Grains.GetGrain<ITrainingRunGrain>(Examples.RunId);
        await run.StartAsync(Examples.TinySettings(), TestContext.Current.CancellationToken);
        await DmkdCluster.UntilAsync(
            async () => (await run.GetProgressAsync(long.MaxValue)).Phase >= RunPhase.Train,
            "the first round"
        );
        await cluster.KillLastSiloAsync();

        // The run may have lived on the dead silo, or have failed on a call to it: a client resumes it in both cases.
        await DmkdCluster.UntilAsync(
            async () =>
            {
                await run.ResumeAsync();
                return (await run.GetProgressAsync(long.MaxValue)).Phase is RunPhase.Completed;
            },
            "the end of the run"
        );
        Assert.Equal(
            await uninterrupted.OutcomeAsync(),
            await RunOutcome.OfAsync(cluster.Grains, await cluster.ReportAsync(Examples.RunId))
        );
    }

    private static async Task<string> ResumeAsync(DmkdCluster cluster)
    {
        await cluster
            .Grains.GetGrain<ITrainingRunGrain>(Examples.RunId)
            .ResumeAsync(TestContext.Current.CancellationToken);
        return await RunOutcome.OfAsync(cluster.Grains, await cluster.ReportAsync(Examples.RunId));
    }
}
