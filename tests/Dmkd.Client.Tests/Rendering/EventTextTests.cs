using Dmkd.Client.Rendering;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Runs;

namespace Dmkd.Client.Tests.Rendering;

/// <summary>
/// The lines of the console are those of the programs that stored sentences: people and scripts read them.
/// </summary>
public sealed class EventTextTests
{
    private static readonly (RunEvent Event, string? Text)[] All =
    [
        (
            new StageRetried("Evaluate", "Response did not arrive on time."),
            "Evaluate is tried again: Response did not arrive on time."
        ),
        (
            new RunFailed("Cut", "Stage Cut: Weights sha256:12 are not in /weights."),
            "Stage Cut: Weights sha256:12 are not in /weights."
        ),
        (
            new LegacyTrained("convnet(3x32x32;8-16-16-16;5)", 0.28, 5),
            "legacy model: convnet(3x32x32;8-16-16-16;5), 28.0 % on its 5 classes"
        ),
        (
            new ExpertPreserved("expert-1", "convnet(3x32x32;4-8-8-8;20)", 0, 0.7513),
            "preserved expert-1: convnet(3x32x32;4-8-8-8;20), cluster 0, 75 % of the importance"
        ),
        (Expert(ModuleOrigin.Preserved), "task 1/2: expert-1 for arrow, boat (preserved, 1,784 parameters)"),
        (Expert(ModuleOrigin.Random), "task 1/2: expert-1 for arrow, boat (random, 1,784 parameters)"),
        (
            Expert(ModuleOrigin.Spawned),
            "task 1/2: expert-1 for arrow, boat (spawned from the legacy model, 1,784 parameters)"
        ),
        (
            Expert(ModuleOrigin.Spawned) with
            {
                Parent = "expert-3",
            },
            "task 1/2: expert-1 for arrow, boat (spawned from expert-3, 1,784 parameters)"
        ),
        (
            Expert(ModuleOrigin.Spawned) with
            {
                LearnedBy = "other",
            },
            "task 1/2: expert-1 for arrow, boat (learned by other, 1,784 parameters)"
        ),
        (new RoundMerged(0, 1, 3, 2), null),
        (
            new ExpertDiverged(0, "expert-1", 11_326.12, 1.609),
            "expert-1 diverged: mean loss 11,326.1 where guessing has 1.6"
        ),
        (
            new ExpertDiverged(0, "expert-1", double.NaN, 1.609),
            "expert-1 diverged: mean loss NaN where guessing has 1.6"
        ),
        (
            new RoundRejected(0, 1, "Module run/expert-1: round 2: accuracy fell."),
            "Module run/expert-1: round 2: accuracy fell."
        ),
        (
            new RoundRepeated(2, 0, "Module m: no quorum."),
            "round 1 of task 3 is collected once more: Module m: no quorum."
        ),
        (
            new UpdateRefused(0, 1, "module m, node n, round 2: norm 9 is above 3"),
            "refused: module m, node n, round 2: norm 9 is above 3"
        ),
        (new NodeMissed("run/node-2", 0, "its work failed"), "run/node-2 takes no part in round 1: its work failed"),
        (new NodeLeft("run/node-2"), "run/node-2 leaves: it is not asked from the next round on"),
        (new NodeJoined("run/node-2"), "run/node-2 joins: it is asked from the next round on"),
        (new NodeSilent("run/node-2", NodeMeasurement.Entropy, "late"), "run/node-2 did not measure entropy: late"),
        (
            new NodeSilent("run/node-2", NodeMeasurement.Exemplars, "late"),
            "run/node-2 did not score its exemplars: late"
        ),
        (new NodeSilent("run/node-2", NodeMeasurement.Moments, "late"), "run/node-2 did not measure moments: late"),
        (
            new MeasurementRefused("run/node-2: moments of expert-1 are left out: a value is not finite"),
            "run/node-2: moments of expert-1 are left out: a value is not finite"
        ),
        (
            new LessonRefused(["dog", "cup"], "No node that is here has a class 'cup'."),
            "dog, cup cannot be learned: No node that is here has a class 'cup'."
        ),
        (new GateFitted(1, IsDiscriminant: false, 1200, 4), "routing fitted to 1,200 exemplars of 4 nodes"),
        (new GateFitted(1, IsDiscriminant: true, 1200, 4), "discriminants fitted to 1,200 images of 4 nodes"),
        (
            new TaskEvaluated(1, 2, 0.08, 0.22, 0.5),
            "task 2/2: accuracy 8.0 % class-incremental, 22.0 % task-incremental, right expert 50.0 %"
        ),
        (new UnknownEvent("OfLater"), null),
        (new LegacyMeasured("old.pth", 0.9123, 10_000), "legacy model old.pth: 91.23 % of 10,000 test images"),
        (
            new SurrogateDistilled("convnet(3x32x32;8;10)", 0.5, 1234, "old.pt"),
            "surrogate convnet(3x32x32;8;10): 50.0 % after 1,234 steps on the answers of old.pt"
        ),
        (
            new ModuleCut("gate", 10, 4321, 0.2994, 0.4),
            "gate: 10 classes, 4,321 parameters, 29.9 % of the MACs, 40 % of the importance"
        ),
        (
            new ModuleDistilled("expert-2", 0.2, 0.915, 3120, 0.93),
            "expert-2: 20.0 % before and 91.5 % after 3,120 steps (legacy model 93.0 % on these classes)"
        ),
        (
            new LibraryEvaluated(new RoutedAccuracy(2, 0.8512, 0.9, 12_345_678)),
            "R = 2: 85.12 % of the test images, right expert 90.0 %, 12.3 M multiply-adds per input"
        ),
    ];

    public static TheoryData<int> Places => [.. Enumerable.Range(0, All.Length)];

    [Theory]
    [MemberData(nameof(Places))]
    public void Of_EveryKind_IsTheLineOfToday(int place) =>
        Assert.Equal(All[place].Text, EventText.Of(All[place].Event));

    [Fact]
    public void Of_TheTable_HasEveryKind() =>
        Assert.Equal(
            RunEventConverter.Types.Select(kind => kind.Name).Order(),
            All.Select(row => row.Event.GetType().Name).Distinct().Order()
        );

    [Fact]
    public void Lines_OfEvents_KeepNumberAndTimeAndLeaveOutWhatIsNotShown()
    {
        var at = new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);
        RunEvent[] events =
        [
            new RoundMerged(0, 0, 2, 2) { Sequence = 6, At = at },
            new NodeLeft("n") { Sequence = 7, At = at },
        ];
        Assert.Equal(
            new EventLine(7, at, "n leaves: it is not asked from the next round on"),
            Assert.Single(EventLine.Of(events))
        );
        Assert.Equal(
            new EventLine(6, at, "round 1 of task 1: version 2 of 2 updates"),
            EventLine.Of(events, hasBars: false).First()
        );
    }

    [Fact]
    public void OfRound_WhoseNodesTold_HasLossAndAccuracy()
    {
        var training = new TrainingFigures(0.53249, 0.812);
        var round = new RoundMerged(0, 1, 3, 2) { Training = training };
        Assert.Equal(
            "round 2 of task 1: version 3 of 2 updates, training loss 0.532, accuracy 81.2 %",
            EventText.OfRound(round)
        );
        Assert.Equal("task 1/5, loss 0.532, accuracy 81 %", EventText.OfBar(round, 5, training));
    }

    private static ExpertAdded Expert(ModuleOrigin origin) =>
        new()
        {
            Task = 0,
            Tasks = 2,
            Module = "expert-1",
            ClassNames = ["arrow", "boat"],
            Origin = origin,
            Parameters = 1784,
        };
}
