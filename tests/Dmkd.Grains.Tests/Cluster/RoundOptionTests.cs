using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Merging.Exchanges;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>Whole runs with every way of sending and merging, on two silos.</summary>
public sealed class RoundOptionTests(SharedCluster shared) : IClassFixture<SharedCluster>
{
    private readonly DmkdCluster _cluster = shared.Cluster;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string, RunSettings> Ways =>
        new()
        {
            // Ways that do not touch one another share a run.
            {
                "svd-fp16-feedback",
                OneTask() with
                {
                    Merging = OneTask().Merging with { HalfPrecision = true, ErrorFeedback = true },
                }
            },
            {
                "powersgd-fp16-feedback",
                OneTask() with
                {
                    Merging = OneTask().Merging with
                    {
                        Compressor = PowerSgdExchange.Name,
                        HalfPrecision = true,
                        ErrorFeedback = true,
                        Rank = 1,
                    },
                }
            },
            {
                "dense-fp16-feedback",
                OneTask() with
                {
                    Merging = OneTask().Merging with
                    {
                        Compressor = DenseExchange.Name,
                        HalfPrecision = true,
                        ErrorFeedback = true,
                    },
                }
            },
            {
                "powersgd-median",
                OneTask() with
                {
                    Merging = OneTask().Merging with { Compressor = PowerSgdExchange.Name, MergeRule = "median" },
                }
            },
            {
                "clipped-nesterov",
                OneTask() with
                {
                    Merging = OneTask().Merging with
                    {
                        MergeRule = "clipped",
                        OuterLearningRate = 0.7,
                        OuterMomentum = 0.9,
                    },
                }
            },
            {
                "trimmed-own-weights",
                OneTask() with
                {
                    Merging = OneTask().Merging with { MergeRule = "trimmed-0.3", OwnFirstWeights = true },
                }
            },
            {
                "krum-all-rotations-distilled",
                OneTask() with
                {
                    Merging = OneTask().Merging with { MergeRule = "krum" },
                    Training = OneTask().Training with { AllViews = true, Lambda = 1 },
                }
            },
            {
                "mixing",
                OneTask() with
                {
                    Participation = OneTask().Participation with { Nodes = 3 },
                    Merging = OneTask().Merging with { MergeRule = "nnm-0.4" },
                }
            },
            { "all-rotations", OneTask() with { Training = OneTask().Training with { AllViews = true } } },
            {
                "restated-powersgd",
                OneTask() with
                {
                    Merging = OneTask().Merging with { ReestimateBatchNorm = true, Compressor = PowerSgdExchange.Name },
                }
            },
            {
                "aligned",
                OneTask() with
                {
                    Merging = OneTask().Merging with
                    {
                        OwnFirstWeights = true,
                        Alignment = true,
                        ReestimateBatchNorm = true,
                    },
                }
            },
            { "holders", OneTask() with { Participation = OneTask().Participation with { Holders = 1 } } },
            {
                "participation",
                OneTask() with
                {
                    Participation = OneTask().Participation with { Nodes = 3, Share = 0.5 },
                }
            },
            {
                "tau",
                OneTask() with
                {
                    Training = OneTask().Training with { Rounds = 3 },
                    Merging = OneTask().Merging with
                    {
                        MergeEvery = 2,
                        Compressor = PowerSgdExchange.Name,
                        ErrorFeedback = true,
                    },
                }
            },
        };

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Run_InEveryWay_DecidesTheSameTwice(string name, RunSettings settings)
    {
        var reports = await Task.WhenAll(
            _cluster.RunAsync($"{name}-1", settings),
            _cluster.RunAsync($"{name}-2", settings)
        );
        Assert.Equal(
            await RunOutcome.OfAsync(_cluster.Grains, reports[0]),
            await RunOutcome.OfAsync(_cluster.Grains, reports[1])
        );
        var history = await HistoryAsync($"{name}-1");
        Assert.All(
            history.Skip(1),
            version =>
            {
                Assert.Equal(settings.Merging.MergeRule, version.Rule);
                Assert.Equal(1, version.Contributions.Sum(contribution => contribution.Weight), 6);
                Assert.InRange(version.Metrics!.AccuracyAfter, 0, 1);
            }
        );
    }

    [Fact]
    public async Task Run_PowerSgdInHalfPrecision_SendsFewerBytesBothWays()
    {
        var dense = await _cluster.RunAsync(
            "bytes-dense",
            OneTask() with
            {
                Merging = OneTask().Merging with { Compressor = DenseExchange.Name },
            }
        );
        var small = await _cluster.RunAsync(
            "bytes-powersgd",
            OneTask() with
            {
                Merging = OneTask().Merging with { Compressor = PowerSgdExchange.Name, Rank = 1, HalfPrecision = true },
            }
        );
        Assert.True(small.BytesUp * 2 < dense.BytesUp, $"{small.BytesUp:N0} and {dense.BytesUp:N0} bytes up");
        Assert.True(small.BytesDown < dense.BytesDown, $"{small.BytesDown:N0} and {dense.BytesDown:N0} bytes down");
    }

    [Fact]
    public async Task Run_NoDropAllowedAndMergesThatRuin_KeepsTheOldVersion()
    {
        // An outer step a thousand times too long ruins every merge.
        var report = await _cluster.RunAsync(
            "ruined",
            OneTask() with
            {
                Merging = OneTask().Merging with { OuterLearningRate = 10, MaxDrop = 0 },
                Training = OneTask().Training with { LearningRate = 0.5, Rounds = 3 },
            }
        );
        var history = await HistoryAsync("ruined");
        Assert.True(history.Count < 4, $"{history.Count} versions");
        Assert.Single(report.ClassIncremental);
        Assert.All(
            history.Skip(1),
            version => Assert.True(version.Metrics!.AccuracyAfter >= version.Metrics.AccuracyBefore)
        );
    }

    [Fact]
    public async Task Leave_BetweenRounds_TheOthersGoOnWithoutIt()
    {
        var run = _cluster.Grains.GetGrain<ITrainingRunGrain>("leaving");
        await run.StartAsync(OneTask() with { Training = OneTask().Training with { Rounds = 6 } }, Cancel);
        await run.LeaveAsync(1, Cancel);
        await _cluster.ReportAsync("leaving");
        var history = await HistoryAsync("leaving");
        Assert.Equal(["leaving/node-1"], history[^1].Contributions.Select(contribution => contribution.NodeId));
        await Assert.ThrowsAsync<InvalidOperationException>(() => run.LeaveAsync(7, Cancel));
    }

    // A weighted sum, so that what is merged goes down compressed and PowerSGD has a warm start.
    private static RunSettings OneTask() =>
        TinySettings() with
        {
            Tasks = 1,
            Legacy = TinySettings().Legacy with { Tasks = 0 },
            Merging = TinySettings().Merging with { MergeRule = "weighted" },
        };

    private async Task<IReadOnlyList<ModuleVersion>> HistoryAsync(string run)
    {
        var module = Assert.Single(await _cluster.Grains.GetGrain<IModuleCatalogGrain>(run).ListAsync(Cancel));
        return await RunOutcome.HistoryAsync(_cluster.Grains, module.Descriptor);
    }
}
