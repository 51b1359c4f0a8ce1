using Dmkd.Chaos;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Training;
using Dmkd.Data.Images;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Grains.Runs.Rounds;
using Dmkd.Grains.Runs.Stages;
using Dmkd.Hosting.Storage;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Stages;

/// <summary>What the stages of a run decide, without a cluster.</summary>
public sealed class RunStagesTests
{
    [Theory]
    [InlineData("evidence", "none", false)]
    [InlineData("evidence", "affine", true)]
    [InlineData("evidence", "discriminant", true)]
    [InlineData("mlp", "none", true)]
    [InlineData("hybrid", "none", true)]
    [InlineData("oracle", "none", false)]
    public void FitGate_WhereNothingIsFitted_IsSkipped(string gate, string calibration, bool isNeeded)
    {
        var fitting = TinySettings().Fitting with { Calibration = calibration };
        var settings = TinySettings() with { Routing = new RoutingSettings(gate, 1, 0), Fitting = fitting };
        Assert.Equal(isNeeded, FitGateStage.IsNeeded(settings));
    }

    [Theory]
    [InlineData("none", RunPhase.Evaluate)]
    [InlineData("discriminant", RunPhase.Calibrate)]
    public void AfterSpecialization_WhatIsFitted_IsCalibrated(string calibration, RunPhase expected) =>
        Assert.Equal(
            expected,
            Next(
                new TrainingRunState
                {
                    Settings = TinySettings() with
                    {
                        Fitting = TinySettings().Fitting with { Calibration = calibration },
                    },
                    Phase = RunPhase.Specialize,
                }
            )
        );

    [Fact]
    public void First_WithALegacyModel_IsPreserve() => Assert.Equal(RunPhase.Preserve, First(TinySettings()));

    [Fact]
    public void First_WithoutALegacyModel_IsAssign() =>
        Assert.Equal(RunPhase.Assign, First(TinySettings() with { Legacy = TinySettings().Legacy with { Tasks = 0 } }));

    [Fact]
    public void First_WithExpertsOfAnotherRun_IsAssign() =>
        Assert.Equal(RunPhase.Assign, First(TinySettings() with { ExpertsOf = "other" }));

    [Fact]
    public void AfterAssign_WithExpertsOfAnotherRun_SkipsTheRounds() =>
        Assert.Equal(
            RunPhase.Specialize,
            Next(
                new TrainingRunState { Settings = TinySettings() with { ExpertsOf = "other" }, Phase = RunPhase.Assign }
            )
        );

    [Fact]
    public void Preserve_BeforeAndAfterTheLegacyModelIsTrained_HasTwoStages()
    {
        var state = new TrainingRunState { Settings = TinySettings(), Phase = RunPhase.Preserve };
        Assert.IsType<LegacyStage>(StagesOf(state).At(RunPhase.Preserve));
        state.Legacy = new LegacyModel("convnet(3x32x32;8;5)", "sha256:1", 0.5);
        Assert.IsType<PreserveStage>(StagesOf(state).At(RunPhase.Preserve));
    }

    [Fact]
    public void SourceOf_ExpertsOfAnotherRun_ComesFirst() =>
        Assert.Equal(
            FirstWeights.OfAnotherRun,
            FirstWeightsRules.SourceOf(
                State(StartingPoints.Previous, task: 0, settings => settings with { ExpertsOf = "other" })
            )
        );

    [Fact]
    public void SourceOf_TaskOfTheLegacyModel_IsItsPreservedExpert()
    {
        var state = State(StartingPoints.Random, task: 1);
        state.Preserved = [Preserved(0), Preserved(1)];
        Assert.Equal(FirstWeights.Preserved, FirstWeightsRules.SourceOf(state));
        state.Task = 2;
        Assert.Equal(FirstWeights.Random, FirstWeightsRules.SourceOf(state));
    }

    [Theory]
    [InlineData(StartingPoints.Previous, true, (int)FirstWeights.Previous)]
    [InlineData(StartingPoints.Previous, false, (int)FirstWeights.Random)]
    [InlineData(StartingPoints.Similar, true, (int)FirstWeights.Similar)]
    [InlineData(StartingPoints.Similar, false, (int)FirstWeights.Random)]
    [InlineData(StartingPoints.Random, true, (int)FirstWeights.Random)]
    [InlineData(StartingPoints.Legacy, true, (int)FirstWeights.LegacyFeatures)]
    [InlineData(StartingPoints.Legacy, false, (int)FirstWeights.LegacyFeatures)]
    public void SourceOf_SpawnedExpert_IsWhatTheSettingSays(string startFrom, bool hasModule, int expected)
    {
        var state = State(startFrom, task: 1);
        if (hasModule)
            state.Module = Descriptor();
        Assert.Equal((FirstWeights)expected, FirstWeightsRules.SourceOf(state));
    }

    [Fact]
    public void DrawSeed_OfEveryTask_IsAnotherAndTheSameEveryTime()
    {
        ulong[] seeds = [.. Enumerable.Range(0, 5).Select(task => FirstWeightsRules.DrawSeed(TinySettings(), task))];
        Assert.Equal(5, seeds.Distinct().Count());
        Assert.Equal(seeds, Enumerable.Range(0, 5).Select(task => FirstWeightsRules.DrawSeed(TinySettings(), task)));
    }

    [Fact]
    public void Summarise_TwoTasks_CountsBothScenariosAndTheRightExpert()
    {
        var images = new ImageSet(new byte[4 * 3 * 8 * 8], [0, 0, 1, 1], 3, 8, 8);
        RunEvaluation.TestBatch[] batches = [new(0, [0], images, [0, 1], [0, 0]), new(1, [1], images, [2, 3], [1, 1])];
        RouteResponse[] responses =
        [
            Response([(0, "expert-1"), (1, "expert-2")], [0, 0], seconds: 1),
            Response([(1, "expert-2"), (1, "expert-1")], [1, 0], seconds: 2),
        ];
        var result = RunEvaluation.Summarise(1, batches, responses, RunRules.ModuleName);
        Assert.Equal([0.5, 1], result.ClassIncremental);
        Assert.Equal([1, 0.5], result.TaskIncremental);
        Assert.Equal((0.5, 3), (result.TaskDetectionRate, result.DeviceSeconds));
    }

    [Fact]
    public void Record_ARepeatAfterACrash_ReplacesItsOwnRow()
    {
        var state = new TrainingRunState
        {
            Settings = TinySettings(),
            Task = 1,
            ClassIncremental =
            [
                [0.5],
            ],
            TaskIncremental =
            [
                [0.6],
            ],
        };
        EvaluateStage.Record(state, new EvaluationResult(new EvaluationScores([0.1, 0.2], [0.3, 0.4], 0.1, 0.2), 1));
        EvaluateStage.Record(state, new EvaluationResult(new EvaluationScores([0.7, 0.8], [0.7, 0.9], 0.5, 0.6), 1));
        Assert.Equal(
            [
                [0.5],
                [0.7, 0.8],
            ],
            state.ClassIncremental
        );
        Assert.Equal(
            [
                [0.6],
                [0.7, 0.9],
            ],
            state.TaskIncremental
        );
        Assert.Equal((0.5, 0.6, 2), (state.MacroF1, state.TaskDetectionRate, state.DeviceSeconds));
    }

    [Theory]
    [InlineData(1.7, false)]
    [InlineData(13, false)] // sure of wrong answers, as a network that learned its few images by heart
    [InlineData(157.8, true)]
    [InlineData(double.NaN, true)]
    [InlineData(double.PositiveInfinity, true)]
    public void DivergenceOf_LossAfterTheLastMerge_IsComparedWithGuessing(double loss, bool diverged)
    {
        var state = Merged(new MergeMetrics(10, 0.2, 0.2, 1.6, loss));
        var found = SpecializeStage.DivergenceOf(state);
        Assert.Equal(diverged, found is not null);
        if (found is not null)
            Assert.Equal((state.Module!.Name, loss), (found.Module, found.Loss));
    }

    [Fact]
    public void DivergenceOf_ExpertWithoutAMerge_HasNoLoss()
    {
        var state = Merged(metrics: null);
        Assert.Null(SpecializeStage.DivergenceOf(state)); // nothing was measured
        state.Base = state.Base! with { Round = null };
        Assert.Null(SpecializeStage.DivergenceOf(state)!.Loss);
        state.Settings = state.Settings! with { ExpertsOf = "other" };
        Assert.Null(SpecializeStage.DivergenceOf(state)); // it learned there
    }

    private static TrainingRunState Merged(MergeMetrics? metrics) =>
        new()
        {
            Settings = TinySettings(),
            Module = Descriptor(),
            Base = RunRules.FirstVersion("sha256:1", 1, DateTimeOffset.UnixEpoch) with { Round = 0, Metrics = metrics },
        };

    [Theory]
    [InlineData(OlderStates.Finished)]
    [InlineData(OlderStates.Unfinished)]
    public void State_OfAnEarlierProgram_IsRead(string json)
    {
        var state = new JsonStateSerializer().Deserialize<TrainingRunState>(new BinaryData(json));
        Assert.Empty(state.Events);
        Assert.Null(state.Settings!.Training.Architecture);
        if (state.Phase is RunPhase.Completed)
            Assert.Equal(
                [
                    [0.18],
                    [0.06, 0.1],
                ],
                RunRules.Report(state, RunId)!.ClassIncremental
            );
        else
            // what its legacy model's own state held is made again, with the same seeds
            Assert.IsType<LegacyStage>(StagesOf(state).At(state.Phase));
    }

    private static RunPhase First(RunSettings settings) => StagesOf(new TrainingRunState { Settings = settings }).First;

    private static RunPhase Next(TrainingRunState state)
    {
        var stages = StagesOf(state);
        return stages.After(stages.At(state.Phase), StageEnd<RunPhase>.Next);
    }

    /// <summary>The stages of a run that nobody drives.</summary>
    private static StageList<RunPhase> StagesOf(TrainingRunState state) =>
        new RunScope
        {
            RunId = RunId,
            NextLessonAsync = () => Task.FromResult(false),
            Engine = new(
                new StateWriter<TrainingRunState>(new FixedSlot(state), () => { }),
                null!,
                new EventLimits(),
                Unheard.Instruments,
                TimeProvider.System,
                null!
            ),
            Grains = null!,
            Services = null!,
            Logger = null!,
        }.Stages();

    private static TrainingRunState State(string startFrom, int task, Func<RunSettings, RunSettings>? change = null)
    {
        var tiny = TinySettings();
        var settings = tiny with
        {
            Tasks = 3,
            Legacy = tiny.Legacy with { Tasks = 2 },
            Training = tiny.Training with { StartFrom = startFrom },
        };
        return new TrainingRunState { Settings = change?.Invoke(settings) ?? settings, Task = task };
    }

    private static PreservedExpert Preserved(int task) =>
        new()
        {
            Task = task,
            Cluster = task,
            Architecture = "convnet(3x32x32;4;8)",
            Digest = "sha256:1",
            Bytes = 1,
            ImportanceShare = 0.5,
        };

    private static RouteResponse Response(
        (int Class, string Expert)[] classIncremental,
        int[] taskIncremental,
        double seconds
    )
    {
        RoutedPrediction[] first = [.. classIncremental.Select(answer => Prediction(answer.Class, answer.Expert))];
        RoutedPrediction[] second = [.. taskIncremental.Select(label => Prediction(label, "expert-1"))];
        return new RouteResponse([first, second], seconds);
    }

    private static RoutedPrediction Prediction(int label, string expert) =>
        new(label, $"class {label}", 1, [new ExpertShare(expert, 1)]);

    private sealed record FixedSlot(TrainingRunState State) : IStateSlot<TrainingRunState>
    {
        public Task WriteAsync() => throw new NotSupportedException();
    }
}
