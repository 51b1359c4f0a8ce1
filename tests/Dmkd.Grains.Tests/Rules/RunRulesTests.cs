using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Data.Images;
using Dmkd.Grains.Runs.Rounds;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Rules;

public sealed class RunRulesTests
{
    [Theory]
    [InlineData("evidence", 35)]
    [InlineData("hybrid", 35)]
    [InlineData("mlp", 30)] // chooses first: the two largest
    [InlineData("oracle", 20)]
    public void Report_MultiplyAdds_AreThoseOfTheExpertsAsked(string gate, long expected)
    {
        var settings = TinySettings() with { Routing = new RoutingSettings(gate, 2, 0) };
        var state = new TrainingRunState
        {
            Settings = settings,
            Phase = RunPhase.Completed,
            ExpertMultiplyAdds = [10, 20, 5],
            Exemplars = 12,
        };
        var report = RunRules.Report(state, RunId)!;
        Assert.Equal((expected, 12), (report.MacsPerInput, report.Exemplars));
    }

    [Theory]
    [InlineData(1, new[] { 0, 1, 2, 3, 4, 5, 6 })]
    [InlineData(2, new[] { 1, 3, 5, 6 })]
    [InlineData(5, new[] { 4, 6 })]
    [InlineData(100, new[] { 6 })]
    public void Merges_SevenRounds_EveryTauRoundsAndTheLast(int mergeEvery, int[] merging) =>
        Assert.Equal(merging, Enumerable.Range(0, 7).Where(round => RunRules.Merges(Settings(7, mergeEvery), round)));

    [Theory]
    [InlineData(1, RunPhase.Train)]
    [InlineData(2, RunPhase.Specialize)]
    internal void AfterMerge_ThreeRounds_SpecializesAfterTheLast(int round, RunPhase next) =>
        Assert.Equal(next, RunRules.AfterMerge(Settings(3, 1), round));

    [Theory]
    [InlineData(0.5, 4, 2)]
    [InlineData(0.5, 5, 3)]
    [InlineData(0.51, 4, 3)]
    [InlineData(0.0, 4, 1)]
    [InlineData(1.0, 4, 4)]
    [InlineData(0.9, 1, 1)]
    public void Quorum_ShareOfNodes_IsRoundedUpAndAtLeastOne(double share, int nodes, int expected) =>
        Assert.Equal(
            expected,
            RunRules.Quorum(
                TinySettings() with
                {
                    Participation = TinySettings().Participation with { Quorum = share },
                },
                nodes
            )
        );

    [Fact]
    public void ModuleName_OfTheFirstTask_EndsInOne() => Assert.Equal("expert-1", RunRules.ModuleName(0));

    [Fact]
    public void FirstVersion_HasNumberOneAndNoParent()
    {
        var version = RunRules.FirstVersion("sha256:first", 12, Now);
        Assert.Equal(
            (1, "sha256:first", 12L, null, Now),
            (version.Number, version.Digest, version.Bytes, version.ParentDigest, version.CreatedAt)
        );
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)] // experts are cut from the legacy network, half as wide
    public void Networks_NamedNetwork_IsTheExpertsWithoutLegacyTasks(int legacyTasks, bool isTheSame)
    {
        var settings = TinySettings() with
        {
            Training = TinySettings().Training with { Architecture = "resnet20" },
            Legacy = TinySettings().Legacy with { Tasks = legacyTasks },
        };
        var images = new ImageSet(new byte[3 * 32 * 32], [0], 3, 32, 32);
        var networks = RunRules.Networks(settings, images);
        Assert.Equal(isTheSame, networks.Expert(5).ToString() == networks.Legacy(5).ToString());
    }

    [Fact]
    public void NodeKeys_ThreeNodes_AreNamedInOrder() =>
        Assert.Equal(["lib/node-1", "lib/node-2", "lib/node-3"], RunRules.NodeKeys("lib", [0, 1, 2]));

    [Theory]
    [InlineData(RunPhase.Train, 1, 0.5, 1.5 / 4)]
    [InlineData(RunPhase.Merge, 1, 0.5, 2.0 / 4)]
    [InlineData(RunPhase.Calibrate, 2, 0.5, 3.0 / 4)]
    [InlineData(RunPhase.Evaluate, 2, 0.5, 3.5 / 4)]
    [InlineData(RunPhase.Completed, 2, 0, 4.0 / 4)]
    internal void TaskProgress_OfThreeRounds_CountsTheRestAsAFourth(
        RunPhase phase,
        int round,
        double part,
        double expected
    )
    {
        var state = new TrainingRunState
        {
            Settings = Settings(3, 1),
            Phase = phase,
            Round = round,
        };
        Assert.Equal(expected, RunRules.TaskProgress(state, part));
    }

    [Fact]
    public void TaskProgress_OverATask_NeverFalls()
    {
        var shares = new List<double>();
        void Look(RunPhase phase, int round, double part) =>
            shares.Add(
                RunRules.TaskProgress(
                    new TrainingRunState
                    {
                        Settings = Settings(3, 1),
                        Phase = phase,
                        Round = round,
                    },
                    part
                )
            );
        for (int round = 0; round < 3; round++)
        {
            Look(RunPhase.Train, round, 0);
            Look(RunPhase.Train, round, 0.5);
            Look(RunPhase.Merge, round, 0);
        }

        Look(RunPhase.Specialize, 3, 0);
        Look(RunPhase.Calibrate, 3, 0);
        Look(RunPhase.Evaluate, 3, 0);
        Look(RunPhase.Evaluate, 3, 0.5);
        Look(RunPhase.Completed, 3, 0);
        Assert.Equal(shares.Order(), shares);
        Assert.Equal((0, 1), (shares[0], shares[^1]));
    }

    [Fact]
    public void MergePlan_RoundOfARun_CarriesBaseQuorumAndWait()
    {
        var settings = TinySettings() with
        {
            Participation = TinySettings().Participation with { Quorum = 0.6, Nodes = 3 },
        };
        var state = new TrainingRunState
        {
            Settings = settings,
            Round = 4,
            Base = Version(9),
            Module = Descriptor(),
            Participants = [0, 1, 2],
        };
        var plan = RunRules.MergePlan(state, RunId, TimeSpan.FromMinutes(7), 500);
        Assert.Equal((4, 9, 2, TimeSpan.FromMinutes(7)), (plan.Round, plan.Base.Number, plan.Quorum, plan.Wait));
    }

    [Fact]
    public void UpdateRequest_RoundWithoutMerge_DoesNotSubmit()
    {
        var state = new TrainingRunState
        {
            Settings = Settings(4, 2),
            Round = 0,
            Base = Version(),
            Module = Descriptor(),
        };
        Assert.False(RunRules.UpdateRequest(state, RunId, 0, null).SubmitsDelta);
    }

    [Theory]
    [InlineData(RunPhase.Merge, RunPhase.Train)] // from the round's local updates, which are not repeated
    [InlineData(RunPhase.Train, RunPhase.Train)]
    [InlineData(RunPhase.Evaluate, RunPhase.Evaluate)]
    internal void ResumesIn_AFailedPhase_IsWhereItCanGoOn(RunPhase failedIn, RunPhase expected) =>
        Assert.Equal(expected, RunRules.ResumesIn(failedIn));

    [Theory]
    [InlineData(0, 2, true)]
    [InlineData(1, 2, false)]
    [InlineData(1, 0, true)]
    public void IsFinal_FailedRound_IsCollectedAgainWhileSomebodyIsLate(int missing, int participants, bool expected)
    {
        var status = new MergeRoundStatus
        {
            Phase = MergePhase.Failed,
            Missing = [.. Enumerable.Repeat("run/node-1", missing)],
        };
        var state = new TrainingRunState { Participants = [.. Enumerable.Range(0, participants)] };
        Assert.Equal(expected, RunRules.IsFinal(status, state));
    }

    [Theory]
    [InlineData(true, 0, true)]
    [InlineData(true, 1, true)]
    [InlineData(true, 2, false)] // after the first merge, replicas are alike
    [InlineData(false, 0, false)]
    public void MergeOptions_ReplicasOfTheirOwn_AreAlignedAndSentWholeInTheFirstMerge(
        bool alignment,
        int round,
        bool expected
    )
    {
        var merging = Settings(6, 2).Merging with
        {
            Alignment = alignment,
            HalfPrecision = true,
            ErrorFeedback = true,
            Compressor = "svd",
        };
        var options = RunRules.MergeOptions(Settings(6, 2) with { Merging = merging }, round);
        Assert.Equal(
            expected ? ("aligned", false, false) : ("svd", true, true),
            (options.Compressor, options.HalfPrecision, options.ErrorFeedback)
        );
    }

    [Fact]
    public void Count_TwoCosts_AddsThem()
    {
        var state = new TrainingRunState();
        RunRules.Count(state, new LearningCost(1, 2, 3, 4, 5));
        RunRules.Count(state, new LearningCost(10, 20, 30, 40, 50));
        Assert.Equal(new LearningCost(11, 22, 33, 44, 55), RunRules.Counted(state));
    }

    [Fact]
    public void Forgetting_AfterThreeTasks_IsTheMeanFallFromTheBest() =>
        // Task 1 fell from 0.9 to 0.5, task 2 from 0.8 to 0.6; the last task cannot have been forgotten.
        Assert.Equal(
            0.3,
            RunRules.Forgetting([
                [0.9],
                [0.7, 0.8],
                [0.5, 0.6, 0.9],
            ]),
            1e-12
        );

    [Fact]
    public void TaskProgress_BeforeAnythingBegan_IsNothing() =>
        Assert.Equal(0, RunRules.TaskProgress(new TrainingRunState(), 0.5));

    [Fact]
    public void UpdateRequest_RoundWithMerge_SubmitsAndWaitsForTheBasisTwiceAsLong()
    {
        var state = new TrainingRunState
        {
            Settings = Settings(4, 2),
            Round = 1,
            Base = Version(),
            Module = Descriptor(),
        };
        var request = RunRules.UpdateRequest(state, RunId, 1, null);
        Assert.True(request.SubmitsDelta);
        Assert.Equal(2 * state.Settings.Participation.RoundDeadline, request.BasisWait);
        Assert.Equal((1, 1, RunId), (request.NodeIndex, request.Round, request.RunId));
    }

    [Theory]
    [InlineData(RunPhase.Evaluate)]
    [InlineData(RunPhase.Failed)]
    internal void Report_NotCompleted_IsNull(RunPhase phase) =>
        Assert.Null(RunRules.Report(new TrainingRunState { Settings = TinySettings(), Phase = phase }, RunId));

    private static RunSettings Settings(int rounds, int mergeEvery) =>
        TinySettings() with
        {
            Training = TinySettings().Training with { Rounds = rounds },
            Merging = TinySettings().Merging with { MergeEvery = mergeEvery },
        };
}
