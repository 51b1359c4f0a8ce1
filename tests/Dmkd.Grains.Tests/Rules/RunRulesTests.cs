using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Runs;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Rules;

public sealed class RunRulesTests
{
    [Fact]
    public void Same_SettingsReadAgain_IsTrue() => Assert.True(RunRules.Same(TinySettings(), TinySettings()));

    [Fact]
    public void Same_OtherSeed_IsFalse() => Assert.False(RunRules.Same(TinySettings(), TinySettings() with { Seed = 99 }));

    [Fact]
    public void Same_OtherWidths_IsFalse() => Assert.False(RunRules.Same(TinySettings(), TinySettings() with { Widths = [4, 8, 8, 16] }));

    [Theory]
    [InlineData("network")] // a run's library has no gate network
    [InlineData("oracle")]
    public void Check_GateThatARunCannotUse_NamesThoseItCan(string gate)
    {
        var settings = TinySettings() with { Routing = new RoutingSettings(gate, 1, 0) };
        Assert.Contains($"Gate must be one of evidence, entropy, not '{gate}'", Assert.Throws<ArgumentException>(() => RunRules.Check(settings)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, new[] { 0, 1, 2, 3, 4, 5, 6 })]
    [InlineData(2, new[] { 1, 3, 5, 6 })]
    [InlineData(5, new[] { 4, 6 })]
    [InlineData(100, new[] { 6 })]
    public void Merges_SevenRounds_EveryTauRoundsAndTheLast(int mergeEvery, int[] merging) =>
        Assert.Equal(merging, Enumerable.Range(0, 7).Where(round => RunRules.Merges(Settings(7, mergeEvery), round)));

    [Theory]
    [InlineData(MergePhase.Collecting, WorkState.Completed, false)]
    [InlineData(MergePhase.Closed, WorkState.Completed, true)]
    [InlineData(MergePhase.Closed, WorkState.Running, false)] // its update counts, its report is still missing
    [InlineData(MergePhase.Failed, WorkState.Running, true)]
    internal void EndsWithoutAll_SecondOfTwoNodesStillAtWork_WaitsForContributors(MergePhase phase, WorkState contributor, bool expected)
    {
        var result = Version(2) with { Contributions = [new("n1", 1, 1)] };
        var merge = new MergeRoundStatus { Phase = phase, Result = phase is MergePhase.Closed ? result : null };
        LocalUpdateStatus[] statuses = [new() { State = contributor }, new() { State = WorkState.Running }];
        Assert.Equal(expected, RunRules.EndsWithoutAll(["n1", "n2"], statuses, merge));
    }

    [Theory]
    [InlineData(0, RunPhase.Train)]
    [InlineData(1, RunPhase.Merge)]
    [InlineData(2, RunPhase.Merge)]
    internal void AfterTraining_ThreeRoundsTauTwo_MergesOnlyWhenDue(int round, RunPhase next) => Assert.Equal(next, RunRules.AfterTraining(Settings(3, 2), round));

    [Theory]
    [InlineData(1, RunPhase.Train)]
    [InlineData(2, RunPhase.Specialize)]
    internal void AfterMerge_ThreeRounds_SpecializesAfterTheLast(int round, RunPhase next) => Assert.Equal(next, RunRules.AfterMerge(Settings(3, 1), round));

    [Theory]
    [InlineData(0, RunPhase.Assign)]
    [InlineData(1, RunPhase.Completed)]
    internal void AfterEvaluation_TwoTasks_CompletesAfterTheLast(int task, RunPhase next) => Assert.Equal(next, RunRules.AfterEvaluation(TinySettings(), task));

    [Theory]
    [InlineData(0.5, 4, 2)]
    [InlineData(0.5, 5, 3)]
    [InlineData(0.51, 4, 3)]
    [InlineData(0.0, 4, 1)]
    [InlineData(1.0, 4, 4)]
    [InlineData(0.9, 1, 1)]
    public void Quorum_ShareOfNodes_IsRoundedUpAndAtLeastOne(double share, int nodes, int expected) =>
        Assert.Equal(expected, RunRules.Quorum(TinySettings() with { Quorum = share, Nodes = nodes }));

    [Fact]
    public void Nodes_ThreeNodes_AreNamedInOrder() =>
        Assert.Equal(["lib/node-1", "lib/node-2", "lib/node-3"], RunRules.Nodes("lib", TinySettings() with { Nodes = 3 }));

    [Fact]
    public void TaskProgress_OverATask_NeverFalls()
    {
        var shares = new List<double>();
        void Look(RunPhase phase, int round, double part) =>
            shares.Add(RunRules.TaskProgress(new TrainingRunState { Settings = Settings(3, 1), Phase = phase, Round = round }, part));
        for (int round = 0; round < 3; round++)
        {
            Look(RunPhase.Train, round, 0);
            Look(RunPhase.Train, round, 0.5);
            Look(RunPhase.Merge, round, 0);
        }

        Look(RunPhase.Specialize, 3, 0);
        Look(RunPhase.Evaluate, 3, 0);
        Look(RunPhase.Evaluate, 3, 0.5);
        Look(RunPhase.Completed, 3, 0);
        Assert.Equal(shares.Order(), shares);
        Assert.Equal((0, 1), (shares[0], shares[^1]));
    }

    [Fact]
    public void MergePlan_RoundOfARun_CarriesBaseQuorumAndDeadline()
    {
        var settings = TinySettings() with { RoundDeadline = TimeSpan.FromMinutes(7), Quorum = 0.6, Nodes = 3 };
        var plan = RunRules.MergePlan(new TrainingRunState { Settings = settings, Round = 4, Base = Version(9) }, RunId, Now);
        Assert.Equal((4, 9, 2, Now.AddMinutes(7)), (plan.Round, plan.Base.Number, plan.Quorum, plan.Deadline));
    }

    [Fact]
    public void UpdateRequest_RoundWithoutMerge_DoesNotSubmit()
    {
        var state = new TrainingRunState { Settings = Settings(4, 2), Round = 0, Base = Version(), Module = Descriptor() };
        Assert.False(RunRules.UpdateRequest(state, RunId, 0, null).SubmitsDelta);
    }

    [Theory]
    [InlineData(RunPhase.Evaluate)]
    [InlineData(RunPhase.Failed)]
    internal void Report_NotCompleted_IsNull(RunPhase phase) =>
        Assert.Null(RunRules.Report(new TrainingRunState { Settings = TinySettings(), Phase = phase }, RunId));

    private static RunSettings Settings(int rounds, int mergeEvery) => TinySettings() with { Rounds = rounds, MergeEvery = mergeEvery };
}
