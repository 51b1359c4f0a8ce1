using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Runs;
using Dmkd.Core.Preservation;
using Dmkd.Data.Images;
using Dmkd.Grains.Preservation;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Rules;

public sealed class PreservationRulesTests
{
    [Theory]
    [InlineData(PreservationStage.Idle, PreservationStage.Cut)]
    [InlineData(PreservationStage.Failed, PreservationStage.Cut)]
    [InlineData(PreservationStage.Completed, PreservationStage.Cut)]
    [InlineData(PreservationStage.Distil, PreservationStage.Distil)]
    [InlineData(PreservationStage.Publish, PreservationStage.Publish)]
    internal void ResumesIn_AFailedStage_IsThatStageOrTheFirst(
        PreservationStage failedIn,
        PreservationStage expected
    ) => Assert.Equal(expected, PreservationRules.ResumesIn(failedIn));

    [Theory]
    [InlineData(PreservationStage.Completed, RunPhase.Completed)]
    [InlineData(PreservationStage.Failed, RunPhase.Failed)]
    [InlineData(PreservationStage.Cut, RunPhase.Preserve)]
    internal void PhaseOf_AStage_IsWhatTheDirectoryOfRunsShows(PreservationStage stage, RunPhase expected) =>
        Assert.Equal(expected, PreservationRules.PhaseOf(stage));

    [Fact]
    public void Check_WellFormed_Passes() => PreservationRules.Check(TinyPreservation());

    [Fact]
    public void Check_Groups_Passes() =>
        PreservationRules.Check(
            TinyPreservation() with
            {
                ClassGroups =
                [
                    [9, 0, 4],
                    [1, 2, 3, 5, 6, 7, 8],
                ],
            }
        );

    [Theory]
    [InlineData("no expert", "experts must be in [1, 1000], not 0.")]
    [InlineData("negative alpha", "alpha must be in [0, 1], not -0.5.")]
    [InlineData("alpha above 1", "alpha must be in [0, 1], not 1.5.")]
    [InlineData("alpha that is no number", "alpha must be in [0, 1], not NaN.")]
    [InlineData("expert size", "expert-size must be in [0, 1], not 1.1.")]
    [InlineData("minimum width", "min-width must be in [0, 1], not 2.")]
    [InlineData("gate size", "gate-size must be in [0, 1], not -1.")]
    [InlineData("calibration", "calibration-per-class must be in [2, 1000000], not 1.")]
    [InlineData("epochs", "epochs must be in [0, 10000], not -1.")]
    [InlineData("gate epochs", "gate-epochs must be in [0, 10000], not 10001.")]
    [InlineData("batch size", "batch-size must be in [2, 65536], not 1.")]
    [InlineData("learning rate", "learning-rate must be in [1E-08, 10], not 0.")]
    [InlineData("temperature", "temperature must be in [0.01, 100], not 0.")]
    [InlineData("seed", "seed must be in [0, 2147483647], not -1.")]
    [InlineData("partition", "partition must be one of spectral, random, importance, not 'fair'.")]
    [InlineData("scores", "scores must be one of gradient, magnitude, not 'fair'.")]
    [InlineData("normalisation", "normalize must be one of standard, imagenet, cifar10, none, not 'fair'")]
    [InlineData("experts for classes", "There may be at most one expert for each of the 10 classes, not 11.")]
    [InlineData("groups for experts", "There are 2 experts and 3 groups of classes; they must be as many.")]
    [InlineData("empty group", "Every group must have at least 2 classes")]
    [InlineData("group of one class", "an expert of one has nothing to tell apart; one has 1.")]
    [InlineData("experts of one class", "10 classes are for at most 5 experts, not 6.")]
    [InlineData("statistics", "normalize: 'mean=0.5;std=0' is no normalisation: deviations must be above 0")]
    [InlineData(
        "class missing",
        "The groups must hold each of the classes 0 to 9 once; they hold 0, 1, 2, 3, 4, 5, 6, 7, 8."
    )]
    [InlineData("class twice", "they hold 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9.")]
    [InlineData("unknown class", "they hold 0, 1, 2, 3, 4, 5, 6, 7, 8, 10.")]
    [InlineData("expert too wide", "(ExpertSize), but at the least width of 25 % (MinimumWidth) it has")]
    [InlineData("gate too wide", "(GateSize), but at its least width of 10 % it has")]
    public void Check_BadSetting_NamesLimitAndValue(string fault, string message) =>
        Assert.Contains(
            message,
            Assert.Throws<ArgumentException>(() => PreservationRules.Check(Spoil(TinyPreservation(), fault))).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Check_ExpertsWhoseOutputsAloneAreTooMany_IsRefused()
    {
        // 3,072 x 4 multiply-adds and 4 for each output: one output would keep to 99.8 %, the six that an expert may
        // get do not.
        var settings = TinyPreservation() with
        {
            Architecture = "mlp(3x32x32;4;10)",
            ExpertSize = 0.998,
            GateSize = 0,
        };
        Assert.Contains(
            "An expert may have 99.8",
            Assert.Throws<ArgumentException>(() => PreservationRules.Check(settings)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("similarity", false, true)] // groups of six and four classes
    [InlineData("importance", false, false)]
    [InlineData("similarity", true, false)] // the user's groups of five
    public void Check_ExpertOfFiveClassesKeepsToItsSizeAndOneOfSixDoesNot_IsRefusedWhereOneMayGetSix(
        string grouping,
        bool grouped,
        bool refused
    )
    {
        // 12,288 multiply-adds, and 4 for each of ten outputs: 99.84 % with five outputs, 99.87 % with six.
        var settings = TinyPreservation() with
        {
            Architecture = "mlp(3x32x32;4;10)",
            ExpertSize = 0.9985,
            GateSize = 0,
            Grouping = grouping,
            ClassGroups = grouped
                ?
                [
                    [0, 1, 2, 3, 4],
                    [5, 6, 7, 8, 9],
                ]
                : null,
        };
        var error = Record.Exception(() => PreservationRules.Check(settings));
        Assert.Equal(refused, error is not null);
        Assert.Equal(refused, error is ArgumentException);
    }

    [Theory]
    [InlineData("resnet20", "resnet20")]
    [InlineData("convnet(3x32x32;8;10", "convnet(3x32x32;8;10")]
    public void Check_UnreadableArchitecture_NamesIt(string architecture, string message) =>
        Assert.Contains(
            message,
            Assert
                .Throws<FormatException>(() =>
                    PreservationRules.Check(TinyPreservation() with { Architecture = architecture })
                )
                .Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void CheckData_ThatSuitsTheLegacyModel_Passes() =>
        PreservationRules.Check(TinyPreservation(), Data(10, 3, 32));

    [Theory]
    [InlineData(9, 3, 32, 2, "The data set has 9 classes; the legacy model has 10 outputs.")]
    [InlineData(10, 3, 16, 2, "The images are 3x16x16; the legacy model takes 3x32x32.")]
    [InlineData(10, 1, 32, 2, "The images are 1x32x32; the legacy model takes 3x32x32.")]
    [InlineData(10, 3, 32, 1, "Class class 0 has 1 training images; preservation needs at least 2 of every class.")]
    public void CheckData_ThatDoesNotSuit_SaysWhatDoesNot(
        int classes,
        int channels,
        int size,
        int perClass,
        string message
    ) =>
        Assert.Contains(
            message,
            Assert
                .Throws<DatasetException>(() =>
                    PreservationRules.Check(TinyPreservation(), Data(classes, channels, size, perClass))
                )
                .Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(2, 0.1, true)]
    [InlineData(2, 0, false)]
    [InlineData(1, 0.1, false)] // one expert needs no gate
    public void HasGate_ExpertsAndSize_SaysWhetherOneIsMade(int experts, double size, bool expected) =>
        Assert.Equal(
            expected,
            PreservationRules.HasGate(TinyPreservation() with { Experts = experts, GateSize = size })
        );

    [Fact]
    public void GateWidths_Settings_AreATenthAtLeastAndTheGatesShare()
    {
        var widths = PreservationRules.GateWidths(TinyPreservation() with { GateSize = 0.07, MinimumWidth = 0.9 });
        Assert.Equal((0.1, 0.07, 1), (widths.MinWidthFraction, widths.MultiplyAddsShare, widths.MaxWidthFraction));
    }

    [Theory]
    [InlineData("spectral", PartitionStrategy.Spectral)]
    [InlineData("random", PartitionStrategy.Random)]
    [InlineData("importance", PartitionStrategy.Importance)]
    public void PlanOptions_Partition_IsTheStrategyOfTheName(string name, PartitionStrategy strategy) =>
        Assert.Equal(
            strategy,
            PreservationRules.PlanOptions(TinyPreservation() with { Partition = name }, null).Strategy
        );

    [Theory]
    [InlineData(0.4, 0.4)]
    [InlineData(0, null)] // the widths that the cluster owns
    public void PlanOptions_ExpertSize_IsTheShareOrNone(double size, double? share) =>
        Assert.Equal(
            share,
            PreservationRules.PlanOptions(TinyPreservation() with { ExpertSize = size }, null).Widths.MultiplyAddsShare
        );

    [Fact]
    public void Seeds_OfEveryPurpose_Differ()
    {
        var settings = TinyPreservation();
        long[] seeds =
        [
            (long)PreservationRules.RandomWeightsSeed(settings),
            PreservationRules.DistillationSeed(settings, 0),
            PreservationRules.DistillationSeed(settings, 1),
            PreservationRules.SurrogateSeed(settings),
            PreservationRules.CalibrationSeed(settings),
            PreservationRules.PlanOptions(settings, null).Seed,
        ];
        Assert.Equal(seeds.Length, seeds.Distinct().Count());
    }

    [Theory]
    [InlineData(ModuleRole.Expert, 0, "expert-1")]
    [InlineData(ModuleRole.Expert, 2, "expert-3")]
    [InlineData(ModuleRole.Gate, 2, "gate")]
    public void ModuleName_RoleAndIndex_IsCountedFromOne(ModuleRole role, int index, string name) =>
        Assert.Equal(name, PreservationRules.ModuleName(role, index));

    [Theory]
    [InlineData(PreservationStage.Surrogate, PreservationStage.Surrogate)]
    [InlineData(PreservationStage.Cut, PreservationStage.Cut)]
    [InlineData(PreservationStage.Distil, PreservationStage.Distil)]
    [InlineData(PreservationStage.Publish, PreservationStage.Publish)]
    [InlineData(PreservationStage.Idle, PreservationStage.Cut)]
    public void ResumesIn_StageThatFailed_IsThatStage(PreservationStage failedIn, PreservationStage expected) =>
        Assert.Equal(expected, PreservationRules.ResumesIn(failedIn));

    private static PreservationSettings Spoil(PreservationSettings settings, string fault) =>
        fault switch
        {
            "no expert" => settings with { Experts = 0 },
            "negative alpha" => settings with { Alpha = -0.5 },
            "alpha above 1" => settings with { Alpha = 1.5 },
            "alpha that is no number" => settings with { Alpha = double.NaN },
            "expert size" => settings with { ExpertSize = 1.1 },
            "minimum width" => settings with { MinimumWidth = 2 },
            "gate size" => settings with { GateSize = -1 },
            "calibration" => settings with { CalibrationPerClass = 1 },
            "epochs" => settings with { Epochs = -1 },
            "gate epochs" => settings with { GateEpochs = 10_001 },
            "batch size" => settings with { BatchSize = 1 },
            "learning rate" => settings with { LearningRate = 0 },
            "temperature" => settings with { Temperature = 0 },
            "seed" => settings with { Seed = -1 },
            "partition" => settings with { Partition = "fair" },
            "scores" => settings with { Scores = "fair" },
            "normalisation" => settings with { Normalisation = "fair" },
            "experts for classes" => settings with { Experts = 11 },
            "statistics" => settings with { Normalisation = "mean=0.5;std=0" },
            "experts of one class" => settings with { Experts = 6 },
            "group of one class" => settings with
            {
                ClassGroups =
                [
                    [0],
                    [1, 2, 3, 4, 5, 6, 7, 8, 9],
                ],
            },
            "groups for experts" => settings with
            {
                ClassGroups =
                [
                    [0, 1, 2],
                    [3, 4, 5],
                    [6, 7, 8, 9],
                ],
            },
            "empty group" => settings with
            {
                ClassGroups =
                [
                    [],
                    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
                ],
            },
            "class missing" => settings with
            {
                ClassGroups =
                [
                    [0, 1, 2, 3],
                    [4, 5, 6, 7, 8],
                ],
            },
            "class twice" => settings with
            {
                ClassGroups =
                [
                    [0, 1, 2, 3, 9],
                    [4, 5, 6, 7, 8, 9],
                ],
            },
            "unknown class" => settings with
            {
                ClassGroups =
                [
                    [0, 1, 2, 3],
                    [4, 5, 6, 7, 8, 10],
                ],
            },
            "expert too wide" => settings with { ExpertSize = 0.2 },
            "gate too wide" => settings with { GateSize = 0.1 },
            _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, "No such fault."),
        };

    private static ImageDataset Data(int classes, int channels, int size, int perClass = 2)
    {
        int[] labels = [.. Enumerable.Range(0, classes).SelectMany(label => Enumerable.Repeat(label, perClass))];
        var images = new ImageSet(new byte[labels.Length * channels * size * size], labels, channels, size, size);
        return new ImageDataset(
            "test",
            [.. Enumerable.Range(0, classes).Select(label => $"class {label}")],
            images,
            images
        );
    }
}
