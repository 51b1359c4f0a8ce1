using Dmkd.Contracts.Merging;
using Dmkd.Grains.Merging;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Rules;

public sealed class MergeRulesTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    [Fact]
    public void EffectOf_FirstRound_Opens() => Assert.Equal(PlanEffect.Opens, MergeRules.EffectOf(new MergeCoordinatorState(), Plan(), ModuleKey));

    [Theory]
    [InlineData(MergePhase.Collecting, nameof(PlanEffect.Extends))]
    [InlineData(MergePhase.Merging, nameof(PlanEffect.None))]
    [InlineData(MergePhase.Closed, nameof(PlanEffect.None))]
    [InlineData(MergePhase.Failed, nameof(PlanEffect.Extends))]
    internal void EffectOf_SameRoundAgain_ExtendsWhileItCanStillCollect(MergePhase phase, string expected)
    {
        var state = Collecting();
        state.Phase = phase;
        Assert.Equal(Enum.Parse<PlanEffect>(expected), MergeRules.EffectOf(state, Plan(), ModuleKey));
    }

    [Theory]
    [InlineData(MergePhase.Closed)]
    [InlineData(MergePhase.Failed)]
    internal void EffectOf_RoundAfterAnEndedOne_Opens(MergePhase phase)
    {
        var state = Collecting();
        state.Phase = phase;
        Assert.Equal(PlanEffect.Opens, MergeRules.EffectOf(state, Plan(round: 2), ModuleKey));
    }

    [Theory]
    [InlineData(MergePhase.Collecting)]
    [InlineData(MergePhase.Merging)]
    internal void EffectOf_WhileAnotherRoundIsOpen_NamesBothRounds(MergePhase phase)
    {
        var state = Collecting();
        state.Phase = phase;
        var error = Assert.Throws<InvalidOperationException>(() => MergeRules.EffectOf(state, Plan(round: 2), ModuleKey));
        Assert.Contains("round 2 of run run cannot open while round 1 of run run is " + phase, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EffectOf_SameRoundNumberOfAnotherRun_IsARoundOfItsOwn()
    {
        var state = Collecting();
        state.Phase = MergePhase.Closed;
        Assert.Equal(PlanEffect.Opens, MergeRules.EffectOf(state, Plan() with { RunId = "other" }, ModuleKey));
    }

    [Theory]
    [InlineData(3, MergePhase.Collecting, true)]
    [InlineData(2, MergePhase.Collecting, false)]
    [InlineData(3, MergePhase.Merging, false)]
    internal void IsComplete_DependsOnCountAndPhase(int accepted, MergePhase phase, bool expected)
    {
        var state = Collecting(Plan(), [.. Plan().Participants.Take(accepted)]);
        state.Phase = phase;
        Assert.Equal(expected, MergeRules.IsComplete(state));
    }

    [Fact]
    public void AfterDeadline_BeforeDeadline_StaysOpen() =>
        Assert.Equal(MergePhase.Collecting, MergeRules.AfterDeadline(Collecting(Plan(quorum: 1), "run/node-1"), Plan().Deadline - Tick));

    [Fact]
    public void AfterDeadline_WithQuorum_Merges() =>
        Assert.Equal(MergePhase.Merging, MergeRules.AfterDeadline(Collecting(Plan(quorum: 2), "run/node-1", "run/node-3"), Plan().Deadline));

    [Fact]
    public void AfterDeadline_WithoutQuorum_Fails() =>
        Assert.Equal(MergePhase.Failed, MergeRules.AfterDeadline(Collecting(Plan(quorum: 2), "run/node-1"), Plan().Deadline));

    [Theory]
    [InlineData(MergePhase.Idle)]
    [InlineData(MergePhase.Merging)]
    [InlineData(MergePhase.Closed)]
    [InlineData(MergePhase.Failed)]
    internal void AfterDeadline_NotCollecting_ChangesNothing(MergePhase phase)
    {
        var state = Collecting(Plan(quorum: 1), "run/node-1");
        state.Phase = phase;
        Assert.Equal(phase, MergeRules.AfterDeadline(state, DateTimeOffset.MaxValue));
    }

    [Fact]
    public void InNodeOrder_LaterNodesFirst_FollowsThePlan()
    {
        var state = Collecting(Plan(), "run/node-3", "run/node-1");
        Assert.Equal(["run/node-1", "run/node-3"], MergeRules.InNodeOrder(state).Select(entry => entry.NodeId));
    }

    [Fact]
    public void Status_CurrentRound_SumsBytes()
    {
        var status = MergeRules.Status(Collecting(Plan(), "run/node-1", "run/node-2"), RunId, 1);
        Assert.Equal((MergePhase.Collecting, 200L, 800L), (status.Phase, status.UploadedBytes, status.DenseBytes));
    }

    [Theory]
    [InlineData(RunId, 0)]
    [InlineData(RunId, 2)]
    [InlineData("other", 1)]
    public void Status_OtherRound_IsIdleAndEmpty(string run, int round) =>
        Assert.Equal(new MergeRoundStatus { Phase = MergePhase.Idle }, MergeRules.Status(Collecting(Plan(), "run/node-1"), run, round));

    [Fact]
    public void Next_TwoContributors_ExtendsTheChainInNodeOrder()
    {
        var next = MergeRules.Next(Collecting(Plan(), "run/node-3", "run/node-1"), "sha256:four", 12, Now);
        Assert.Equal((4, "sha256:four", 12L, "sha256:three", 1, Now), (next.Number, next.Digest, next.Bytes, next.ParentDigest, next.Round, next.CreatedAt));
        Assert.Equal([new("run/node-1", 7, 100), new("run/node-3", 7, 100)], next.Contributions);
    }
}
