using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>Whole runs with every gate, score, calibration and start, on two silos.</summary>
public sealed class GateRunTests(SharedCluster shared) : IClassFixture<SharedCluster>
{
    private const int Exemplars = 40;

    // Runs that are asked for again are found, not made again. Those whose bytes are compared have ids of equal length:
    // what nodes send holds the id.
    private const string Plain = "gate-plain-settings",
        Discriminant = "gate-discriminant-1";
    private readonly DmkdCluster _cluster = shared.Cluster;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string, RunSettings> Ways =>
        new()
        {
            {
                "gate-entropy-start-random",
                With("entropy") with
                {
                    Training = Settings().Training with { StartFrom = "random" },
                }
            },
            { "gate-mlp", Fitted("mlp") with { Training = Settings().Training with { StartFrom = "similar" } } },
            {
                "gate-hybrid",
                Fitted("hybrid") with
                {
                    Training = Settings().Training with { StartFrom = "legacy" },
                    Legacy = Settings().Legacy with { Tasks = 1 },
                }
            },
            { "gate-affine", Affine() },
            { "gate-discriminant", Discriminated() },
            {
                "discriminant-holders",
                Discriminated() with
                {
                    Participation = With("evidence").Participation with { Nodes = 3, Holders = 2 },
                    Tasks = 3,
                }
            },
            {
                "gate-scores",
                Settings() with
                {
                    Routing = new RoutingSettings("evidence", 2, 0.5, 0, Views: 1, Score: "energy", Centred: false),
                }
            },
            {
                "unknown",
                TinySettings() with
                {
                    Training = TinySettings().Training with
                    {
                        UnknownOutput = true,
                        Lambda = 0.5,
                        StartFrom = "similar",
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
        Assert.Equal(settings.Fitting.Exemplars, reports[0].Exemplars);
    }

    public static TheoryData<string, RunSettings> Routings =>
        new()
        {
            { Plain, Settings() },
            { Discriminant, Discriminated() },
            { "gate-affine-1", Affine() },
            { "gate-views-1", Settings() with { Routing = new RoutingSettings("evidence", 2, 0.5, Views: 1) } },
        };

    [Theory]
    [MemberData(nameof(Routings))]
    public async Task Run_ExpertsTakenOver_DecidesAndCostsTheSameAsLearning(string name, RunSettings settings)
    {
        string over = name.Replace("gate", "over", StringComparison.Ordinal);
        var source = await _cluster.RunAsync(Plain, Settings());
        var learned = await _cluster.RunAsync(name, settings);
        var takenOver = await _cluster.RunAsync(over, settings with { ExpertsOf = Plain });
        Assert.Equal(learned.ClassIncremental, takenOver.ClassIncremental);
        Assert.Equal(learned.TaskIncremental, takenOver.TaskIncremental);
        Assert.Equal(
            (learned.BytesUp, learned.BytesDown, learned.DenseBytes, learned.RoutingBytes),
            (takenOver.BytesUp, takenOver.BytesDown, takenOver.DenseBytes, takenOver.RoutingBytes)
        );
        Assert.Equal(source.Learning, takenOver.Learning);
        Assert.True(takenOver.DeviceSeconds > source.Learning.Sum(cost => cost.DeviceSeconds));
        Assert.Equal(await DigestsAsync(Plain), await DigestsAsync(over));
    }

    [Fact]
    public async Task Start_ExpertsOfAnotherKindOfRun_IsRefused()
    {
        await _cluster.RunAsync(Plain, Settings());
        var run = _cluster.Grains.GetGrain<ITrainingRunGrain>("over-refused");
        var other = await Assert.ThrowsAsync<ArgumentException>(() =>
            run.StartAsync(
                Settings() with
                {
                    ExpertsOf = Plain,
                    Training = Settings().Training with { Lambda = 1 },
                },
                Cancel
            )
        );
        Assert.Contains("learned with other settings", other.Message, StringComparison.Ordinal);
        var none = await Assert.ThrowsAsync<ArgumentException>(() =>
            run.StartAsync(Settings() with { ExpertsOf = "nobody" }, Cancel)
        );
        Assert.Contains("run nobody is not finished", none.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Oracle_AsksTheRightExpertAlone()
    {
        var report = await _cluster.RunAsync("gate-oracle", With("oracle"));
        Assert.Equal(1, report.TaskDetectionRate);
        Assert.Equal(report.TaskIncremental, report.ClassIncremental);
    }

    [Fact]
    public async Task Run_UnknownOutput_GivesEveryExpertOneOutputMore()
    {
        await _cluster.RunAsync(
            "unknown-heads",
            TinySettings() with
            {
                Training = TinySettings().Training with { UnknownOutput = true, Rounds = 1 },
            }
        );
        var modules = await _cluster.Grains.GetGrain<IModuleCatalogGrain>("unknown-heads").ListAsync(Cancel);
        Assert.All(
            modules,
            module => Assert.EndsWith(";21)", module.Descriptor.Architecture, StringComparison.Ordinal)
        ); // 4 · 5 + 1
    }

    [Fact]
    public async Task Run_OneView_TakesAQuarterOfTheMultiplyAdds()
    {
        var reports = await Task.WhenAll(
            _cluster.RunAsync("views-1", Settings() with { Routing = new RoutingSettings("evidence", 1, 0, Views: 1) }),
            _cluster.RunAsync(Plain, Settings())
        );
        Assert.Equal(4 * reports[0].MacsPerInput, reports[1].MacsPerInput);
    }

    [Theory]
    [InlineData("mlp")]
    [InlineData("hybrid")]
    public async Task Route_FittedGate_AnswersAsFittedAndRefusesOtherwise(string gate)
    {
        string library = $"gate-{gate}-1";
        await _cluster.RunAsync(library, Ways.Single(way => way.Data.Item1 == $"gate-{gate}").Data.Item2);
        var fitted = (await _cluster.Grains.GetGrain<IModuleCatalogGrain>(library).GetGateAsync(Cancel))!;
        Assert.Equal(
            (2, gate, "none", Exemplars),
            (fitted.Version, fitted.Routing.Gate, fitted.Calibration, fitted.Exemplars)
        );
        Assert.Equal(["expert-1", "expert-2"], fitted.Modules);
        var router = _cluster.Grains.GetGrain<IRouterGrain>(library);
        var all = Route() with
        {
            CandidateSets =
            [
                [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
            ],
        };
        var response = await router.RouteAsync(all with { Routing = fitted.Routing with { TopExperts = 2 } }, Cancel);
        Assert.All(
            response.Predictions[0],
            prediction => Assert.Equal(1, prediction.Experts.Sum(share => share.Probability), 1e-9)
        );
        var error = await Assert.ThrowsAsync<ArgumentException>(() =>
            router.RouteAsync(all with { Routing = fitted.Routing with { Views = 1 } }, Cancel)
        );
        Assert.Contains("was fitted for the gate", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Route_AffineLibrary_AnswersWithAndWithoutCalibration()
    {
        await _cluster.RunAsync("gate-affine-1", Affine());
        var router = _cluster.Grains.GetGrain<IRouterGrain>("gate-affine-1");
        var all = Route() with
        {
            CandidateSets =
            [
                [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
            ],
            Routing = new RoutingSettings("evidence", 2, 0),
        };
        var plain = await router.RouteAsync(all, Cancel);
        var scaled = await router.RouteAsync(all with { Calibration = "affine" }, Cancel);
        Assert.NotEqual(
            plain.Predictions[0][0].Experts[0].Probability,
            scaled.Predictions[0][0].Experts[0].Probability
        );
        var error = await Assert.ThrowsAsync<ArgumentException>(() =>
            router.RouteAsync(all with { Routing = new RoutingSettings("hybrid", 1, 0) }, Cancel)
        );
        Assert.Contains("it was for gate 'evidence' and calibration 'affine'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Route_LibraryWithDiscriminants_AnswersWithAndWithoutThem()
    {
        await _cluster.RunAsync(Discriminant, Discriminated());
        var fitted = (await _cluster.Grains.GetGrain<IModuleCatalogGrain>(Discriminant).GetGateAsync(Cancel))!;
        Assert.Equal((2, "discriminant", 0), (fitted.Version, fitted.Calibration, fitted.Exemplars));
        var router = _cluster.Grains.GetGrain<IRouterGrain>(Discriminant);
        var all = Route() with
        {
            CandidateSets =
            [
                [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
                [0, 1, 2, 3, 4],
            ],
            Routing = new RoutingSettings("evidence", 2, 0),
        };
        var plain = await router.RouteAsync(all, Cancel);
        var shared = await router.RouteAsync(all with { Calibration = "discriminant" }, Cancel);
        Assert.NotEqual(
            plain.Predictions[0][0].Experts[0].Probability,
            shared.Predictions[0][0].Experts[0].Probability
        );
        Assert.Equal(
            plain.Predictions[1].Select(one => one.ClassIndex),
            shared.Predictions[1].Select(one => one.ClassIndex)
        ); // within an expert nothing changes
    }

    [Fact]
    public async Task Run_Discriminants_CostTheNodesTheirMoments()
    {
        var reports = await Task.WhenAll(
            _cluster.RunAsync(Plain, Settings()),
            _cluster.RunAsync(Discriminant, Discriminated())
        );
        long width = 4 * TinySettings().Training.Widths[^1],
            triangle = sizeof(float) * width * (width + 1) / 2,
            sums = 5 * (sizeof(float) * width + sizeof(int) + sizeof(long));
        // Expert 1 is measured on both tasks, expert 2 on the second, by every node.
        Assert.Equal(
            3 * TinySettings().Participation.Nodes * (triangle + sums),
            reports[1].BytesUp - reports[0].BytesUp
        );
        Assert.Equal(reports[0].BytesDown, reports[1].BytesDown); // every node has the experts
        Assert.Equal(reports[0].TaskIncremental, reports[1].TaskIncremental);
    }

    [Theory]
    [InlineData("previous", ModuleOrigin.Spawned, "expert-2")]
    [InlineData("random", ModuleOrigin.Random, null)]
    [InlineData("legacy", ModuleOrigin.Spawned, null)]
    public async Task Run_StartFrom_IsTheLineageOfTheThirdExpert(string start, ModuleOrigin origin, string? parent)
    {
        await _cluster.RunAsync(
            $"from-{start}",
            TinySettings() with
            {
                Tasks = 3,
                Training = TinySettings().Training with { StartFrom = start, Rounds = 1 },
            }
        );
        var modules = await _cluster.Grains.GetGrain<IModuleCatalogGrain>($"from-{start}").ListAsync(Cancel);
        var lineage = modules[2].Descriptor.Lineage;
        Assert.Equal(
            (origin, parent, start == "legacy"),
            (lineage.Origin, lineage.Parent, lineage.LegacyDigest is not null)
        );
        // what was preserved is used in any case
        Assert.Equal(ModuleOrigin.Preserved, modules[0].Descriptor.Lineage.Origin);
    }

    [Fact]
    public async Task Run_StartFromSimilar_TakesOneOfTheExpertsBefore()
    {
        await _cluster.RunAsync(
            "from-similar",
            Settings() with
            {
                Tasks = 3,
                Training = Settings().Training with { StartFrom = "similar", Rounds = 1 },
            }
        );
        var modules = await _cluster.Grains.GetGrain<IModuleCatalogGrain>("from-similar").ListAsync(Cancel);
        Assert.Equal("expert-1", modules[1].Descriptor.Lineage.Parent);
        Assert.Contains(modules[2].Descriptor.Lineage.Parent, new[] { "expert-1", "expert-2" });
    }

    [Fact]
    public async Task Run_FewerExemplarsThanClasses_FailsSayingSo()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            _cluster.RunAsync("few", With("mlp") with { Fitting = With("mlp").Fitting with { Exemplars = 9 } })
        );
        Assert.Contains(
            "9 exemplars are fewer than one for each of 10 classes",
            error.Message,
            StringComparison.Ordinal
        );
    }

    private async Task<string[]> DigestsAsync(string library) =>
        [
            .. (await _cluster.Grains.GetGrain<IModuleCatalogGrain>(library).ListAsync(Cancel)).Select(module =>
                module.Current.Digest
            ),
        ];

    private static RunSettings Settings() =>
        TinySettings() with
        {
            Legacy = TinySettings().Legacy with { Tasks = 0 },
            Participation = TinySettings().Participation with { Dirichlet = double.PositiveInfinity },
        };

    private static RunSettings With(string gate) => Settings() with { Routing = new RoutingSettings(gate, 1, 0) };

    private static RunSettings Fitted(string gate) =>
        With(gate) with
        {
            Fitting = Settings().Fitting with { Exemplars = Exemplars },
        };

    private static RunSettings Affine() =>
        Settings() with
        {
            Fitting = Settings().Fitting with { Exemplars = Exemplars, Calibration = "affine" },
        };

    private static RunSettings Discriminated() =>
        Settings() with
        {
            Fitting = Settings().Fitting with { Calibration = "discriminant" },
        };
}
