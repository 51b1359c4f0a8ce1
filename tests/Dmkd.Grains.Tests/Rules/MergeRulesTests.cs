using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Core.Merging.Exchanges;
using Dmkd.Grains.Merging;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Rules;

public sealed class MergeRulesTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    [Fact]
    public void EffectOf_FirstRound_Opens() =>
        Assert.Equal(PlanEffect.Opens, MergeRules.EffectOf(new MergeCoordinatorState(), Plan(), ModuleKey));

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
        var error = Assert.Throws<InvalidOperationException>(() =>
            MergeRules.EffectOf(state, Plan(round: 2), ModuleKey)
        );
        Assert.Contains(
            "round 3 of run run cannot open while round 2 of run run is " + phase,
            error.Message,
            StringComparison.Ordinal
        );
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
    public void IsComplete_NodeThatIsNotExpectedIsMissing_IsTrue() =>
        Assert.True(
            MergeRules.IsComplete(
                Collecting(Plan() with { Expected = ["run/node-1", "run/node-2"] }, "run/node-1", "run/node-2")
            )
        );

    [Fact]
    public void IsComplete_TheOnlyNodeThatIsExpectedHasCome_IsTrue() =>
        Assert.True(MergeRules.IsComplete(Collecting(Plan() with { Expected = ["run/node-2"] }, "run/node-2")));

    [Theory]
    [InlineData(1)]
    [InlineData(2)] // just reached
    public void IsComplete_TheLastOneWithdrew_IsTrue(int quorum)
    {
        var state = Collecting(Plan(quorum: quorum), "run/node-1", "run/node-2");
        state.Withdrawn["run/node-3"] = "out of memory";
        Assert.True(MergeRules.IsComplete(state));
    }

    [Fact]
    public void IsComplete_AllWithdrewButTheQuorumIsMissing_IsFalse()
    {
        var state = Collecting(Plan(quorum: 2), "run/node-1");
        state.Withdrawn["run/node-2"] = state.Withdrawn["run/node-3"] = "out of memory";
        Assert.False(MergeRules.IsComplete(state));
        Assert.True(MergeRules.IsHopeless(state));
    }

    [Fact]
    public void IsHopeless_WhoMayStillComeWouldDo_IsFalse()
    {
        var state = Collecting(Plan(quorum: 2), "run/node-1");
        state.Withdrawn["run/node-2"] = "out of memory";
        Assert.False(MergeRules.IsHopeless(state)); // node 3 is enough
        state.Withdrawn["run/node-3"] = "out of memory";
        state.Phase = MergePhase.Merging;
        Assert.False(MergeRules.IsHopeless(state)); // it no longer collects
    }

    [Theory]
    [InlineData(-1, 1, nameof(DeadlineEffect.None))]
    [InlineData(0, 1, nameof(DeadlineEffect.Closes))]
    [InlineData(0, 2, nameof(DeadlineEffect.Fails))]
    public void AtDeadline_OneUpdate_DependsOnTimeAndQuorum(int ticksAfter, int quorum, string expected)
    {
        var state = Collecting(Plan(quorum: quorum), "run/node-1");
        Assert.Equal(
            Enum.Parse<DeadlineEffect>(expected),
            MergeRules.AtDeadline(state, Now + Plan().Wait + ticksAfter * Tick)
        );
    }

    [Theory]
    [InlineData(MergePhase.Idle)]
    [InlineData(MergePhase.Merging)]
    [InlineData(MergePhase.Publishing)]
    [InlineData(MergePhase.Closed)]
    [InlineData(MergePhase.Failed)]
    internal void AtDeadline_NotCollecting_ChangesNothing(MergePhase phase)
    {
        var state = Collecting(Plan(quorum: 1), "run/node-1");
        state.Phase = phase;
        Assert.Equal(DeadlineEffect.None, MergeRules.AtDeadline(state, DateTimeOffset.MaxValue));
    }

    [Fact]
    public void EffectOf_OlderRoundThatComesLate_IsNone()
    {
        var state = Collecting();
        state.Phase = MergePhase.Closed;
        Assert.Equal(PlanEffect.None, MergeRules.EffectOf(state, Plan(round: 0), ModuleKey));
    }

    [Fact]
    public void Open_FailedRoundAgain_KeepsWhatWasAcceptedAndForgetsWithdrawals()
    {
        var state = Collecting(Plan(), "run/node-1");
        state.Withdrawn["run/node-2"] = "asleep";
        state.Phase = MergePhase.Failed;
        MergeRules.Open(state, Plan(), PlanEffect.Extends, Now.AddHours(1));
        Assert.Equal(
            (MergePhase.Collecting, 1, 0, Now.AddHours(1)),
            (state.Phase, state.Accepted.Count, state.Withdrawn.Count, state.OpenedAt)
        );
    }

    [Theory]
    [InlineData(nameof(PlanEffect.Opens))]
    [InlineData(nameof(PlanEffect.Extends))]
    internal void Open_AnyRound_ForgetsHowTheLastOneEnded(string effect)
    {
        var state = Collecting();
        (state.DeviceSeconds, state.Result, state.Error) = (2, Version(4), "too few");
        MergeRules.Open(state, Plan(), Enum.Parse<PlanEffect>(effect), Now);
        Assert.Equal((0, null, null), (state.DeviceSeconds, state.Result, state.Error));
    }

    [Fact]
    public void Open_RoundWithASharedBasis_BeginsWithProjections()
    {
        var state = new MergeCoordinatorState();
        MergeRules.Open(
            state,
            Plan() with
            {
                Options = new MergeOptions { Compressor = PowerSgdExchange.Name },
            },
            PlanEffect.Opens,
            Now
        );
        Assert.Equal(MergePhase.Projecting, state.Phase);
    }

    [Theory]
    [InlineData(MergePhase.Projecting, PowerSgdExchange.Name, MergePhase.Projecting)]
    [InlineData(MergePhase.Collecting, PowerSgdExchange.Name, MergePhase.Projecting)]
    [InlineData(MergePhase.Collecting, SvdExchange.Name, MergePhase.Collecting)]
    [InlineData(MergePhase.Merging, SvdExchange.Name, MergePhase.Collecting)]
    internal void ForgetOlder_RoundThatAnOlderProgramLeftOpen_CollectsAnew(
        MergePhase phase,
        string compressor,
        MergePhase expected
    )
    {
        var state = Older(phase, compressor);
        Assert.True(MergeRules.ForgetOlder(state));
        Assert.Equal((expected, 0, null), (state.Phase, state.Accepted.Count, state.Basis));
        Assert.False(MergeRules.ForgetOlder(state));
    }

    [Theory]
    [InlineData(MergePhase.Publishing)]
    [InlineData(MergePhase.Closed)]
    [InlineData(MergePhase.Failed)]
    internal void ForgetOlder_RoundThatIsDecided_StaysAsItIs(MergePhase phase)
    {
        var state = Older(phase, SvdExchange.Name);
        Assert.False(MergeRules.ForgetOlder(state));
        MergeRules.Remember(state);
        Assert.Equal(
            (phase, 1, 0L, 0),
            (state.Phase, state.Accepted.Count, MergeRules.Status(state, RunId, 1).UploadedBytes, state.Seen.Count)
        );
    }

    [Fact]
    public void Open_FailedRoundOfAnOlderProgram_ForgetsItsUpdates()
    {
        var state = Older(MergePhase.Failed, SvdExchange.Name);
        MergeRules.Open(state, Plan(), PlanEffect.Extends, Now);
        Assert.Empty(state.Accepted);
    }

    /// <summary>As a program before 0.2 stored it.</summary>
    private static MergeCoordinatorState Older(MergePhase phase, string compressor)
    {
        var state = new MergeCoordinatorState
        {
            Plan = Plan() with { Options = new MergeOptions { Compressor = compressor } },
            Phase = phase,
            Basis = new StoredBlob("sha256:basis", 1),
        };
        state.Accepted["run/node-1"] = new AcceptedUpdate("run/node-1", null, 7);
        return state;
    }

    [Theory]
    [InlineData(0.9, 0.86, false)]
    [InlineData(0.9, 0.83, true)]
    [InlineData(0.8, 0.9, false)]
    [InlineData(0.75, 0.6875, false)] // by the limit
    public void GateProblem_DropOfAtMostASixteenth_IsAllowed(double before, double after, bool refused)
    {
        string? problem = MergeRules.GateProblem(
            Plan() with
            {
                Options = new MergeOptions { MaxDrop = 0.0625 },
            },
            new MergeMetrics(100, before, after, 1, 1)
        );
        Assert.Equal(refused, problem is not null);
    }

    [Fact]
    public void GateProblem_NothingMeasured_IsAProblemOnlyWhenADropIsLimited()
    {
        Assert.Null(MergeRules.GateProblem(Plan(), null));
        Assert.Contains(
            "no contributor could measure",
            MergeRules.GateProblem(Plan() with { Options = new MergeOptions { MaxDrop = 1 } }, null),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Remember_MoreThanTheMemoryHolds_ForgetsTheOldest()
    {
        var state = Collecting(Plan(), "run/node-1");
        for (int i = 0; i < 1025; i++)
        {
            state.Accepted["run/node-1"] = new AcceptedUpdate("run/node-1", new StoredBlob($"{i}", 1), 1);
            MergeRules.Remember(state);
        }

        Assert.False(MergeRules.IsReplay(state, "0"));
        Assert.True(MergeRules.IsReplay(state, "1") && MergeRules.IsReplay(state, "1024"));
    }

    [Fact]
    public void InNodeOrder_LaterNodesFirst_FollowsThePlan()
    {
        var state = Collecting(Plan(), "run/node-3", "run/node-1");
        Assert.Equal(["run/node-1", "run/node-3"], MergeRules.InNodeOrder(state).Select(entry => entry.NodeId));
    }

    [Fact]
    public void Status_RoundWithProjections_TellsWhoIsMissingAndWhenOthersCame()
    {
        var state = Collecting(Plan(), "run/node-2");
        state.Projected["run/node-1"] = new AcceptedUpdate("run/node-1", new StoredBlob("sha256:part", 30), 7);
        state.Arrivals["run/node-2"] = 1.5;
        state.DeviceSeconds = 2;
        var status = MergeRules.Status(state, RunId, 1);
        Assert.Equal(130, status.UploadedBytes);
        Assert.Equal(["run/node-1", "run/node-3"], status.Missing);
        Assert.Equal([new ArrivalTime("run/node-2", 1.5)], status.Arrivals);
        Assert.Equal((2, null), (status.DeviceSeconds, status.Result));
    }

    [Fact]
    public void Status_ClosedRound_HasTheMeanOfTheMergedNodesByExamples()
    {
        var state = Collecting(Plan());
        Accept("run/node-1", 30, new TrainingFigures(1, 0.5));
        Accept("run/node-2", 10, new TrainingFigures(3, 1));
        Accept("run/node-3", 1000, new TrainingFigures(1e308, 0)); // left out by the rule
        var weights = new Dictionary<string, double>
        {
            ["run/node-1"] = 0.75,
            ["run/node-2"] = 0.25,
            ["run/node-3"] = 0,
        };
        var merged = new MergedModule(new StoredBlob("sha256:new", 10), weights, TimeSpan.Zero);
        state.Result = MergeRules.Next(state, merged, null, Now);
        Assert.Null(MergeRules.Status(state, RunId, 1).Training);
        state.Phase = MergePhase.Closed;
        Assert.Equal(new TrainingFigures(1.5, 0.625), MergeRules.Status(state, RunId, 1).Training);
        state.Accepted["run/node-2"] = state.Accepted["run/node-2"] with { Training = null }; // an older program's
        Assert.Equal(new TrainingFigures(1, 0.5), MergeRules.Status(state, RunId, 1).Training);
        state.Accepted["run/node-1"] = state.Accepted["run/node-1"] with { Training = null };
        Assert.Null(MergeRules.Status(state, RunId, 1).Training);

        void Accept(string node, long samples, TrainingFigures training) =>
            state.Accepted[node] = new AcceptedUpdate(node, new StoredBlob("sha256:" + node, 1), samples)
            {
                Training = training,
            };
    }

    [Theory]
    [InlineData(MergePhase.Publishing, false)]
    [InlineData(MergePhase.Closed, true)]
    internal void Status_Result_IsToldOnceTheRoundIsClosed(MergePhase phase, bool isTold)
    {
        var state = Collecting();
        state.Result = Version(4);
        state.Phase = phase;
        Assert.Equal(isTold, MergeRules.Status(state, RunId, 1).Result is not null);
    }

    [Fact]
    public void Status_CurrentRound_SumsBytes()
    {
        var status = MergeRules.Status(Collecting(Plan(), "run/node-1", "run/node-2"), RunId, 1);
        Assert.Equal((MergePhase.Collecting, 200L, 800L), (status.Phase, status.UploadedBytes, status.DenseBytes));
    }

    [Fact]
    public void Status_CurrentRound_AddsTheNodesDeviceTimeToTheMerge()
    {
        var state = Collecting(Plan(), "run/node-1", "run/node-2");
        state.DeviceSeconds = 2;
        foreach (var (node, update) in state.Accepted)
            state.Accepted[node] = update with { DeviceSeconds = 3 };
        Assert.Equal(8, MergeRules.Status(state, RunId, 1).DeviceSeconds);
    }

    [Theory]
    [InlineData(RunId, 0)]
    [InlineData(RunId, 2)]
    [InlineData("other", 1)]
    public void Status_OtherRound_IsIdle(string run, int round) =>
        Assert.Equal(MergePhase.Idle, MergeRules.Status(Collecting(Plan(), "run/node-1"), run, round).Phase);

    [Fact]
    public void Next_TwoContributors_ExtendsTheChainInNodeOrder()
    {
        var merged = new MergedModule(
            new StoredBlob("sha256:four", 12),
            new Dictionary<string, double> { ["run/node-1"] = 0.25, ["run/node-3"] = 0.75 },
            TimeSpan.Zero
        );
        var next = MergeRules.Next(Collecting(Plan(), "run/node-3", "run/node-1"), merged, null, Now);
        Assert.Equal(
            (4, "sha256:four", 12L, "sha256:three", 1, Now),
            (next.Number, next.Digest, next.Bytes, next.ParentDigest, next.Round, next.CreatedAt)
        );
        Assert.Equal(
            [
                new("run/node-1", 7, 100, "sha256:run/node-1", 0.25),
                new("run/node-3", 7, 100, "sha256:run/node-3", 0.75),
            ],
            next.Contributions
        );
    }
}
