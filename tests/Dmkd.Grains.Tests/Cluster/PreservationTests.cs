using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using Dmkd.Grains.Experts;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>From a small legacy model to a published library.</summary>
public sealed class PreservationTests(PreservedLibrary library) : IClassFixture<PreservedLibrary>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Preserve_TwoExperts_PublishesCutsAndDistillations()
    {
        var modules = await library.ModulesAsync();
        Assert.Equal(["expert-1", "expert-2", "gate"], modules.Select(module => module.Descriptor.Name).Order());
        foreach (var module in modules)
        {
            var preserved = library.Report.Modules.Single(known => known.Name == module.Descriptor.Name);
            var history = await RunOutcome.HistoryAsync(library.Cluster.Grains, module.Descriptor);
            Assert.Equal(
                [(1, preserved.CutDigest, null), (2, preserved.Digest!, preserved.CutDigest)],
                history.Select(version => (version.Number, version.Digest, version.ParentDigest))
            );
            Assert.NotEqual(preserved.CutDigest, preserved.Digest);
            foreach (var version in history)
                Assert.Equal(version.Bytes, (await library.Store.GetAsync(version.Digest, Cancel)).Length);
        }
    }

    [Fact]
    public async Task Preserve_EveryModule_SaysWhereItCameFrom()
    {
        foreach (var module in await library.ModulesAsync())
        {
            var preserved = library.Report.Modules.Single(known => known.Name == module.Descriptor.Name);
            var expected = new ModuleLineage
            {
                Origin = ModuleOrigin.Preserved,
                RunId = PreservedLibrary.Name,
                LegacyDigest = WeightDigest.Of(Preservations.Legacy()),
                LegacyFraction = 0.5,
                Cluster = preserved.Cluster,
                ImportanceShare = preserved.ImportanceShare,
            };
            Assert.Equal(expected, module.Descriptor.Lineage);
            Assert.Equal(
                (preserved.Role, preserved.Architecture, "imagenet", "classes"),
                (
                    module.Descriptor.Role,
                    module.Descriptor.Architecture,
                    module.Descriptor.Normalisation,
                    module.Descriptor.ReadSignature().LabelSpace
                )
            );
            Assert.Equal(
                preserved.Classes.Select(label => library.Report.ClassNames[label]),
                module.Descriptor.ClassNames
            );
        }
    }

    [Fact]
    public async Task Preserve_EveryModule_HasItsEntropy()
    {
        foreach (var module in await library.ModulesAsync())
        {
            var measured = module.Specialization!;
            int classes = module.Descriptor.Classes.Length;
            Assert.Equal(
                (2, classes * TinyPreservation().CalibrationPerClass),
                (measured.VersionNumber, measured.SampleCount)
            );
            Assert.InRange(measured.MeanEntropy, 0, Math.Log(classes) + 1e-6); // fp32
        }
    }

    [Fact]
    public void Report_Modules_DivideTheClassesAndKeepToTheirSizes()
    {
        var report = library.Report;
        Assert.Equal(["expert-1", "expert-2", "gate"], report.Modules.Select(module => module.Name));
        Assert.Equal(Enumerable.Range(0, 10), report.Modules[..2].SelectMany(module => module.Classes).Order());
        Assert.All(report.Modules[..2], module => Assert.InRange(module.Classes.Length, 4, 6)); // balanced but for one
        Assert.Equal(10, report.Modules[2].Classes.Length);
        Assert.Equal([0, 1], report.Modules[..2].Select(module => module.Cluster!.Value).Order());
        Assert.Null(report.Modules[2].Cluster);
        foreach (var (module, share) in report.Modules.Zip([0.5, 0.5, 0.3]))
        {
            var architecture = ArchitectureCatalog.Parse(module.Architecture);
            Assert.Equal(
                (architecture.ParameterCount, architecture.MultiplyAdds, module.Classes.Length),
                (module.Parameters, module.MultiplyAdds, architecture.OutputCount)
            );
            Assert.InRange(module.MultiplyAdds, 1, share * report.LegacyMultiplyAdds);
            Assert.Equal(
                architecture.UnitSpaces.Select(space => (space.Name, space.Width)),
                module.Widths.Select(width => (width.Space, width.Kept))
            );
            Assert.Equal([8, 16, 16, 16], module.Widths.Select(width => width.Of));
        }
    }

    [Fact]
    public void Report_Numbers_AreInTheirRanges()
    {
        var report = library.Report;
        var legacy = ArchitectureCatalog.Parse(TinyPreservation().Architecture);
        Assert.Equal(
            (legacy.ParameterCount, legacy.MultiplyAdds, 100, null),
            (report.LegacyParameters, report.LegacyMultiplyAdds, report.TestImages, report.SurrogateAccuracy)
        );
        Assert.All(
            report
                .Modules.SelectMany(module =>
                    (double[])
                        [module.AccuracyBefore, module.AccuracyAfter, module.LegacyAccuracy, module.ImportanceShare]
                )
                .Append(report.LegacyAccuracy),
            share => Assert.InRange(share, 0, 1)
        );
        Assert.Equal(report.LegacyAccuracy, report.Modules[2].LegacyAccuracy); // of all classes
        // 24 images a class, 32 a step
        Assert.All(report.Modules, module => Assert.Equal((24 * module.Classes.Length + 31) / 32, module.Steps));
        Assert.All(
            Enumerable.Range(0, 10),
            label => Assert.Equal(1, report.Partition.ImportanceByClass.Sum(cluster => cluster[label]), 1e-6)
        ); // fp32 sums
        Assert.Equal(report.Partition.Size * report.Partition.Size * sizeof(float), report.Partition.Adjacency.Length);
        Assert.True(report.DeviceSeconds > 0 && report.WallSeconds > 0);
    }

    [Fact]
    public void Report_Routed_CountsTheGateAndTheExpertsThatRan()
    {
        long gate = library.Report.Modules[2].MultiplyAdds;
        long[] experts = [.. library.Report.Modules[..2].Select(module => module.MultiplyAdds)];
        var routed = library.Report.Routed;
        Assert.Equal([1, 2], routed.Select(row => row.TopExperts));
        Assert.InRange(routed[0].MultiplyAdds, gate + experts.Min(), gate + experts.Max());
        Assert.Equal(gate + experts.Sum(), routed[1].MultiplyAdds, 1e-6);
        // the only expert that answers must know the class
        Assert.InRange(routed[0].Accuracy, 0, routed[0].RightExpert);
        Assert.All(routed, row => Assert.InRange(row.Accuracy, 0, 1));
        Assert.Equal(routed[0].RightExpert, routed[1].RightExpert); // of the most probable expert, however many answer
    }

    [Fact]
    public async Task Preserve_SameSettingsInAnotherLibrary_DecidesTheSame() =>
        Assert.Equal(library.Outcome, await library.Cluster.OutcomeAsync(await library.Cluster.PreserveAsync("same")));

    [Fact]
    public async Task Preserve_OtherSeed_DecidesOtherwise()
    {
        var report = await library.Cluster.PreserveAsync("other", TinyPreservation() with { Seed = 4 });
        Assert.Empty(
            report
                .Modules.Select(module => module.Digest)
                .Intersect(library.Report.Modules.Select(module => module.Digest))
        );
    }

    [Fact]
    public async Task Preserve_NoEpochs_PublishesTheCutsOnly()
    {
        var report = await library.Cluster.PreserveAsync(
            "cuts",
            TinyPreservation() with
            {
                Epochs = 0,
                GateEpochs = 0,
            }
        );
        Assert.All(
            report.Modules,
            module =>
                Assert.Equal(
                    (module.CutDigest, module.AccuracyBefore, 0),
                    (module.Digest, module.AccuracyAfter, module.Steps)
                )
        );
        foreach (var module in await library.Cluster.Grains.GetGrain<IModuleCatalogGrain>("cuts").ListAsync(Cancel))
            Assert.Single(await RunOutcome.HistoryAsync(library.Cluster.Grains, module.Descriptor));
    }

    [Fact]
    public async Task Preserve_NoGate_RunsEveryExpert()
    {
        var report = await library.Cluster.PreserveAsync("gateless", TinyPreservation() with { GateSize = 0 });
        Assert.Equal(["expert-1", "expert-2"], report.Modules.Select(module => module.Name));
        Assert.All(
            report.Routed,
            row => Assert.Equal(report.Modules.Sum(module => module.MultiplyAdds), row.MultiplyAdds, 1e-6)
        );
    }

    [Fact]
    public async Task Preserve_ClassGroups_AreKept()
    {
        int[][] groups =
        [
            [9, 0, 1],
            [2, 3, 4, 5, 6, 7, 8],
        ];
        var report = await library.Cluster.PreserveAsync("groups", TinyPreservation() with { ClassGroups = groups });
        Assert.Equal(
            [
                [0, 1, 9],
                [2, 3, 4, 5, 6, 7, 8],
                [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
            ],
            report.Modules.Select(module => module.Classes)
        );
    }

    [Fact]
    public async Task Progress_OfACompleteLibrary_TellsEveryEventOnce()
    {
        var progress = await library
            .Cluster.Grains.GetGrain<IPreservationGrain>(PreservedLibrary.Name)
            .GetProgressAsync(0, Cancel);
        Assert.Equal(
            progress.Events.Select((_, place) => progress.Events[0].Sequence + place),
            progress.Events.Select(line => line.Sequence)
        );
        Assert.Equal("legacy.safetensors", Assert.Single(progress.Events.OfType<LegacyMeasured>()).Source);
        Assert.Equal(
            library.Report.Modules.Select(module => (module.Name, module.Classes.Length)),
            progress.Events.OfType<ModuleCut>().Select(cut => (cut.Module, cut.Classes))
        );
        Assert.Equal(
            ["expert-1", "expert-2", "gate"],
            progress.Events.OfType<ModuleDistilled>().Select(module => module.Module).Order()
        );
        Assert.Equal(
            library.Report.Routed,
            progress.Events.OfType<LibraryEvaluated>().Select(evaluated => evaluated.Result)
        );
        Assert.All(progress.Tracks, track => Assert.Equal(1, track.Share, 1e-9));
    }

    [Fact]
    public async Task Start_LibraryThatExists_IsRefused() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            library
                .Cluster.Grains.GetGrain<IPreservationGrain>(PreservedLibrary.Name)
                .StartAsync(library.Report.Request, Cancel)
        );

    [Fact]
    public async Task Start_BadSettings_StoresNothing()
    {
        var preservation = library.Cluster.Grains.GetGrain<IPreservationGrain>("bad");
        await Assert.ThrowsAsync<ArgumentException>(() =>
            preservation.StartAsync(Preservations.RequestOf([1], TinyPreservation() with { Experts = 11 }), Cancel)
        );
        Assert.Null(await preservation.GetRequestAsync(Cancel));
    }

    [Fact]
    public async Task Resume_UnknownLibrary_IsRefused() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            library.Cluster.Grains.GetGrain<IPreservationGrain>("nobody").ResumeAsync(Cancel)
        );

    [Fact]
    public async Task Resume_CompleteLibrary_ChangesNothing()
    {
        var preservation = library.Cluster.Grains.GetGrain<IPreservationGrain>(PreservedLibrary.Name);
        await preservation.ResumeAsync(Cancel);
        Assert.Equal(PreservationStage.Completed, (await preservation.GetProgressAsync(0, Cancel)).Stage);
        Assert.Equal(library.Report.WallSeconds, (await preservation.GetReportAsync(Cancel))!.WallSeconds);
    }

    [Fact]
    public async Task Preserve_LegacyModelThatIsMissing_FailsAndGoesOnWhenItIsThere()
    {
        byte[] legacy = Preservations.Legacy(seed: 8);
        var request = Preservations.RequestOf(legacy);
        var preservation = library.Cluster.Grains.GetGrain<IPreservationGrain>("lost");
        await preservation.StartAsync(request, Cancel);
        var failed = await library.Cluster.EndAsync("lost");
        Assert.StartsWith(
            $"Stage Cut: Weights {request.LegacyDigest} are not in",
            failed.Error,
            StringComparison.Ordinal
        );
        Assert.Null(await preservation.GetReportAsync(Cancel));
        Assert.Equal(RunPhase.Failed, await PhaseAsync("lost"));

        await library.Store.PutAsync(legacy, Cancel);
        await preservation.ResumeAsync(Cancel);
        Assert.Equal(3, (await library.Cluster.PreservedAsync("lost")).Modules.Length);
        Assert.Equal(RunPhase.Completed, await PhaseAsync("lost"));
    }

    [Fact]
    public async Task Preserve_DataThatDoesNotExist_FailsWithTheReason()
    {
        var settings = TinyPreservation() with
        {
            Data = new DataSource
            {
                Kind = "images",
                Path = "/nowhere",
                Seed = 1,
            },
        };
        await library
            .Cluster.Grains.GetGrain<IPreservationGrain>("nodata")
            .StartAsync(Preservations.RequestOf(Preservations.Legacy(), settings), Cancel);
        Assert.Contains("/nowhere", (await library.Cluster.EndAsync("nodata")).Error, StringComparison.Ordinal);
    }

    private async Task<RunPhase> PhaseAsync(string name) =>
        (
            await library
                .Cluster.Grains.GetGrain<ILibraryDirectoryGrain>(ILibraryDirectoryGrain.Key)
                .ListRunsAsync(Cancel)
        )
            .Single(run => run.Library == name)
            .Phase;
}
