using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Merging.Exchanges;
using Dmkd.Grains.Merging;
using Dmkd.Hosting.Clustering;
using Microsoft.Extensions.DependencyInjection;
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
    public async Task Run_MergedWeightsDamagedBeforeTheyAreMeasured_LeavesNobodyOut()
    {
        // Merged entry by entry, the weights cannot be made of parent and update.
        var settings = OneTask() with
        {
            Merging = OneTask().Merging with { MergeRule = "trimmed-0.3", ReestimateBatchNorm = true },
        };
        using var folder = new TemporaryFolder();
        var damage = new DamagingWork(new SiloStorageOptions(folder.Path).WeightsPath);
        await using var cluster = await DmkdCluster.StartAsync(folder.Path, configure: damage.Attach);
        var report = await cluster.RunAsync("damaged", settings);
        Assert.Equal(2, damage.Merges.Count);
        Assert.True(damage.Merges[0].Update is null, "a node could have made the weights by itself");
        Assert.Equal(
            await RunOutcome.OfAsync(_cluster.Grains, await _cluster.RunAsync("sound", settings)),
            await RunOutcome.OfAsync(cluster.Grains, report)
        );
    }

    /// <summary>The real work, after which the first merged weights lie damaged on the disk.</summary>
    private sealed class DamagingWork(string folder) : IMergeWork
    {
        private MergeWork _real = null!;

        /// <summary>The first round's merges, in their order: what damage makes necessary comes second.</summary>
        public List<MergedModule> Merges { get; } = [];

        public void Attach(ISiloBuilder silo) =>
            silo.Services.AddSingleton<IMergeWork>(services =>
            {
                _real = ActivatorUtilities.CreateInstance<MergeWork>(services);
                return this;
            });

        public async Task<MergedModule?> MergeAsync(
            MergeRoundPlan plan,
            StoredBlob? basis,
            IReadOnlyList<AcceptedUpdate> inNodeOrder,
            string? momentum,
            Action<string, string> refuse
        )
        {
            var merged = await _real.MergeAsync(plan, basis, inNodeOrder, momentum, refuse);
            if (plan.Round > 0)
                return merged;
            if (Merges.Count == 0)
                FlipABit(merged!.Weights.Digest);
            Merges.Add(merged!);
            return merged;
        }

        public Task<SubmissionCheck> CheckAsync(MergeRoundPlan plan, StoredBlob? basis, DeltaSubmission submission) =>
            _real.CheckAsync(plan, basis, submission);

        public Task<StoredBlob> MakeBasisAsync(
            MergeRoundPlan plan,
            IReadOnlyList<AcceptedUpdate> proposalsInNodeOrder
        ) => _real.MakeBasisAsync(plan, proposalsInNodeOrder);

        public Task<MergedModule> WithStatisticsAsync(
            MergeRoundPlan plan,
            MergedModule merged,
            IReadOnlyList<StatisticsReport> inNodeOrder
        ) => _real.WithStatisticsAsync(plan, merged, inNodeOrder);

        private void FlipABit(string digest)
        {
            string file = Assert.Single(Directory.GetFiles(folder, digest.Split(':')[1], SearchOption.AllDirectories));
            byte[] content = File.ReadAllBytes(file);
            content[^5] ^= 4;
            File.WriteAllBytes(file, content);
        }
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
