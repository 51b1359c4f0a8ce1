using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Grains.Libraries;
using Dmkd.Grains.Runs.Rounds;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>
/// A run whose machine goes down while its routing is fitted ends, once resumed, as one that was never interrupted.
/// </summary>
public sealed class CalibrationCrashTests
{
    private static readonly Dictionary<string, Func<object, bool>> Points = new()
    {
        ["specialize ends"] = state => state is TrainingRunState { Phase: RunPhase.Calibrate, Task: 0 },
        ["fitted, not published"] = state => state is ModuleCatalogState { Gate: not null },
        ["published, phase not ended"] = state => state is TrainingRunState { Phase: RunPhase.Evaluate, Task: 0 },
        ["second fit not published"] = state => state is ModuleCatalogState { Gate.Version: 2 },
    };

    [Theory]
    [InlineData("hybrid", "none", 40)]
    [InlineData("evidence", "discriminant", 0)]
    public async Task Resume_AfterAPowerCut_DecidesTheSame(string gate, string calibration, int exemplars)
    {
        using var folder = new TemporaryFolder();
        var copies = new CrashCopies(folder.Path, Points);
        var settings = Examples.TinySettings() with
        {
            Legacy = Examples.TinySettings().Legacy with { Tasks = 0 },
            Fitting = Examples.TinySettings().Fitting with { Exemplars = exemplars, Calibration = calibration },
            Routing = new RoutingSettings(gate, 1, 0),
        };
        string outcome;
        var probe = new StorageProbe { BeforeWrite = copies.TakeAsync };
        await using (var cluster = await DmkdCluster.StartAsync(copies.Original, configure: probe.Attach))
            outcome = await RunOutcome.OfAsync(cluster.Grains, await cluster.RunAsync(Examples.RunId, settings));
        foreach (string point in Points.Keys)
        {
            await using var later = await DmkdCluster.StartAsync(copies.FolderAt(point));
            await later
                .Grains.GetGrain<ITrainingRunGrain>(Examples.RunId)
                .ResumeAsync(TestContext.Current.CancellationToken);
            Assert.Equal(outcome, await RunOutcome.OfAsync(later.Grains, await later.ReportAsync(Examples.RunId)));
        }
    }
}
