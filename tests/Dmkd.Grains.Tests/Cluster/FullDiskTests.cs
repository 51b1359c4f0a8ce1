using System.Diagnostics;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Runs.Rounds;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>
/// A disk without room stops a run; with room again it goes on by itself and decides as if nothing had been.
/// </summary>
public sealed class FullDiskTests(UninterruptedRun uninterrupted)
{
    private const int SqliteFull = 13;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(typeof(TrainingRunState), 3)]
    [InlineData(typeof(TrainingRunState), 2)]
    [InlineData(typeof(Dmkd.Grains.Merging.MergeCoordinatorState), 2)]
    [InlineData(typeof(Dmkd.Grains.Nodes.NodeState), 1)]
    [InlineData(typeof(Dmkd.Grains.Experts.ExpertModuleState), 3)]
    public async Task Run_StateCannotBeStoredForAWhile_GoesOnByItself(Type state, int from)
    {
        int writes = 0,
            refused = 0;
        var probe = new StorageProbe
        {
            BeforeWrite = written =>
            {
                if (written.GetType() != state || ++writes < from || refused == 2)
                    return Task.CompletedTask;
                refused++;
                throw new SqliteException("SQLite Error 13: 'database or disk is full'.", SqliteFull);
            },
        };
        using var folder = new TemporaryFolder();
        await using var cluster = await DmkdCluster.StartAsync(folder.Path, configure: probe.Attach);
        Assert.Equal(
            await uninterrupted.OutcomeAsync(),
            await RunOutcome.OfAsync(cluster.Grains, await cluster.RunAsync(RunId, TinySettings()))
        );
        Assert.Equal(2, refused);
    }

    [Fact]
    public async Task Run_RealDiskFilledOnTheWay_GoesOnOnceThereIsRoom()
    {
        using var disk = SmallDisk.Mount(megabytes: 24);
        using var log = new CapturedLog();
        await using var cluster = await DmkdCluster.StartAsync(
            Path.Combine(disk.Path, "home"),
            configure: silo => silo.Services.AddSingleton<ILoggerProvider>(log)
        );
        var run = cluster.Grains.GetGrain<ITrainingRunGrain>(RunId);
        await run.StartAsync(TinySettings(), Cancel);
        await DmkdCluster.UntilAsync(
            async () => (await run.GetProgressAsync(long.MaxValue)).Phase is RunPhase.Train,
            "the first round"
        );
        disk.Fill();
        await DmkdCluster.UntilAsync(
            () => Task.FromResult(log.Has("No space left on device") || log.Has("database or disk is full")),
            "a line about the full disk"
        );
        Assert.NotEqual(RunPhase.Completed, (await PhaseAsync(run)).Phase);
        disk.MakeRoom();
        Assert.Equal(
            await uninterrupted.OutcomeAsync(),
            await RunOutcome.OfAsync(cluster.Grains, await cluster.ReportAsync(RunId))
        );
        Assert.Empty(Directory.GetFiles(disk.Path, "*.tmp", SearchOption.AllDirectories));
    }

    /// <summary>A look; one at an activation that is just ending is put again.</summary>
    private static async Task<RunProgress> PhaseAsync(ITrainingRunGrain run)
    {
        for (long start = Stopwatch.GetTimestamp(); ; )
        {
            try
            {
                return await run.GetProgressAsync(long.MaxValue, Cancel);
            }
            catch (Exception) when (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), Cancel);
            }
        }
    }
}
