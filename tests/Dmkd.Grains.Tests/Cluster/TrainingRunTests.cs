using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Hosting.Storage;
using Microsoft.Extensions.DependencyInjection;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>Whole runs on two silos.</summary>
public sealed class TrainingRunTests(SharedCluster shared) : IClassFixture<SharedCluster>
{
    private const string Whole = "whole";
    private readonly DmkdCluster _cluster = shared.Cluster;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_TinySettings_MeasuresEverything()
    {
        var report = await WholeAsync();
        Assert.Equal([1, 2], report.ClassIncremental.Select(row => row.Length));
        Assert.Equal([1, 2], report.TaskIncremental.Select(row => row.Length));
        Assert.All(
            report.ClassIncremental.Concat(report.TaskIncremental).SelectMany(row => row),
            accuracy => Assert.InRange(accuracy, 0, 1)
        );
        Assert.InRange(report.MacroF1, 0, 1);
        Assert.InRange(report.TaskDetectionRate, 0, 1);
        Assert.InRange(report.LegacyAccuracy!.Value, 0, 1);
        Assert.InRange(report.BytesUp, 1, report.DenseBytes - 1);
        Assert.True(report.BytesDown > 0 && report.DeviceSeconds > 0 && report.WallSeconds > 0);
        Assert.Equal(2, report.ExpertParameters.Length);
    }

    [Fact]
    public async Task Run_TwoRounds_ChainsAVersionPerMerge()
    {
        await WholeAsync();
        foreach (var module in await _cluster.Grains.GetGrain<IModuleCatalogGrain>(Whole).ListAsync(Cancel))
        {
            var history = await RunOutcome.HistoryAsync(_cluster.Grains, module.Descriptor);
            Assert.Equal([1, 2, 3], history.Select(version => version.Number));
            Assert.Equal([null, history[0].Digest, history[1].Digest], history.Select(version => version.ParentDigest));
            Assert.All(
                history.Skip(1),
                version =>
                    Assert.Equal(
                        [$"{Whole}/node-1", $"{Whole}/node-2"],
                        version.Contributions.Select(entry => entry.NodeId)
                    )
            );
            Assert.Equal(3, module.Specialization!.VersionNumber);
        }
    }

    [Fact]
    public async Task Run_SameSeedTwice_DecidesTheSame()
    {
        var reports = await Task.WhenAll(WholeAsync(), _cluster.RunAsync("equal", TinySettings()));
        Assert.Equal(
            await RunOutcome.OfAsync(_cluster.Grains, reports[0]),
            await RunOutcome.OfAsync(_cluster.Grains, reports[1])
        );
    }

    [Fact]
    public async Task Run_OtherSeed_DecidesOtherwise()
    {
        var reports = await Task.WhenAll(
            WholeAsync(),
            _cluster.RunAsync("other-seed", TinySettings() with { Seed = TinySettings().Seed + 1 })
        );
        Assert.NotEqual(
            await RunOutcome.OfAsync(_cluster.Grains, reports[0]),
            await RunOutcome.OfAsync(_cluster.Grains, reports[1])
        );
    }

    [Fact]
    public async Task Run_MergeEveryTwoRounds_MergesAfterTheSecondAndTheLast()
    {
        // A weighted sum goes down as an update; the default rule's result goes down whole.
        var settings = TinySettings() with
        {
            Tasks = 1,
            Legacy = TinySettings().Legacy with { Tasks = 0 },
            Training = TinySettings().Training with { Rounds = 3 },
            Merging = TinySettings().Merging with { MergeEvery = 2, MergeRule = "weighted" },
        };
        var report = await _cluster.RunAsync("tau", settings);
        var module = Assert.Single(await _cluster.Grains.GetGrain<IModuleCatalogGrain>("tau").ListAsync(Cancel));
        var history = await RunOutcome.HistoryAsync(_cluster.Grains, module.Descriptor);
        Assert.Equal([null, 1, 2], history.Select(version => version.Round));
        // Fetched: two nodes, the first version once for two rounds, the second for the last round, the third for the
        // statistics; later versions as updates.
        Assert.Equal(2 * (history[0].Bytes + history[1].Update!.Bytes + history[2].Update!.Bytes), report.BytesDown);
    }

    [Fact]
    public async Task Run_MergeEveryTwoRounds_ContinuesLocalWeights()
    {
        // With one node, whole updates and two rounds, a merge changes nothing but rounding: τ = 2 must end where τ = 1
        // does.
        var settings = TinySettings() with
        {
            Tasks = 1,
            Legacy = TinySettings().Legacy with { Tasks = 0 },
            Participation = TinySettings().Participation with { Nodes = 1 },
            Merging = TinySettings().Merging with { Rank = 0 },
        };
        await Task.WhenAll(
            _cluster.RunAsync("local-1", settings),
            _cluster.RunAsync("local-2", settings with { Merging = settings.Merging with { MergeEvery = 2 } })
        );
        Assert.True(
            await DistanceAsync("local-1", "local-2") < 1e-4,
            "the round after one without a merge did not start from the node's own weights"
        );
    }

    [Fact]
    public async Task Start_ARunThatExists_WithTheSameSettings_GoesOn()
    {
        var run = _cluster.Grains.GetGrain<ITrainingRunGrain>("again");
        await run.StartAsync(TinySettings() with { Tasks = 1 }, Cancel);
        await run.StartAsync(TinySettings() with { Tasks = 1 }, Cancel);
        Assert.Single((await _cluster.ReportAsync("again")).ClassIncremental);
    }

    [Fact]
    public async Task Start_ARunThatExists_WithOtherSettings_IsRefused()
    {
        var run = _cluster.Grains.GetGrain<ITrainingRunGrain>("other");
        await run.StartAsync(TinySettings() with { Tasks = 1 }, Cancel);
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            run.StartAsync(
                TinySettings() with
                {
                    Tasks = 1,
                    Training = TinySettings().Training with { Widths = [8, 8, 8, 8] },
                },
                Cancel
            )
        );
    }

    [Fact]
    public async Task Resume_UnknownRun_IsRefused() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            _cluster.Grains.GetGrain<ITrainingRunGrain>("nobody").ResumeAsync(Cancel)
        );

    [Fact]
    public async Task Stop_UnknownRun_IsRefused() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            _cluster.Grains.GetGrain<ITrainingRunGrain>("nobody").StopAsync(Cancel)
        );

    [Fact]
    public async Task Settings_UnknownRun_IsNull() =>
        Assert.Null(await _cluster.Grains.GetGrain<ITrainingRunGrain>("nobody").GetSettingsAsync(Cancel));

    [Fact]
    public async Task Progress_OfAFinishedRun_TellsEveryEventOnce()
    {
        await WholeAsync();
        var progress = await _cluster.Grains.GetGrain<ITrainingRunGrain>(Whole).GetProgressAsync(0, Cancel);
        Assert.Equal(
            progress.Events.Select((_, place) => progress.Events[0].Sequence + place),
            progress.Events.Select(line => line.Sequence)
        );
        Type[] expected =
        [
            typeof(LegacyTrained),
            typeof(ExpertPreserved),
            typeof(ExpertAdded),
            typeof(RoundMerged),
            typeof(RoundMerged),
            typeof(TaskEvaluated),
            typeof(ExpertAdded),
            typeof(RoundMerged),
            typeof(RoundMerged),
            typeof(TaskEvaluated),
        ];
        Assert.Equal(expected, progress.Events.Select(line => line.GetType()));
        Assert.Equal([2, 3, 2, 3], progress.Events.OfType<RoundMerged>().Select(merged => merged.Version));
    }

    [Fact]
    public async Task Run_DataThatDoesNotExist_FailsWithTheReason()
    {
        var settings = TinySettings() with
        {
            Data = new DataSource
            {
                Kind = "images",
                Path = "/nowhere",
                Seed = 1,
            },
        };
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => _cluster.RunAsync("nodata", settings));
        Assert.Contains("/nowhere", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The run that most tests look at: the first that asks starts it, the others find it.</summary>
    private Task<RunReport> WholeAsync() => _cluster.RunAsync(Whole, TinySettings());

    private async Task<double> DistanceAsync(string run, string other)
    {
        var store = _cluster.Services.GetRequiredService<IWeightStore>();
        var contents = new List<byte[]>();
        foreach (string library in new[] { run, other })
        {
            var module = Assert.Single(await _cluster.Grains.GetGrain<IModuleCatalogGrain>(library).ListAsync(Cancel));
            contents.Add(await store.GetAsync(module.Current.Digest, Cancel));
        }

        return Weights.LargestDifference(contents[0], contents[1]);
    }
}
