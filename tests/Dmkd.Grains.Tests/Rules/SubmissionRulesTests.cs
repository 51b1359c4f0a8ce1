using Dmkd.Contracts.Merging;
using Dmkd.Grains.Merging;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Rules;

/// <summary>What <see cref="MergeRules.Classify"/> makes of a submission to round 1 on version 3.</summary>
public sealed class SubmissionRulesTests
{
    [Fact]
    public void Classify_ExpectedSubmission_IsAccepted() => Expect(SubmissionOutcome.Accepted, Submission());

    [Fact]
    public void Classify_SameNodeTwice_IsDuplicate() => Expect(SubmissionOutcome.Duplicate, Submission("run/node-2"));

    [Theory]
    [InlineData(MergePhase.Merging)]
    [InlineData(MergePhase.Closed)]
    [InlineData(MergePhase.Failed)]
    internal void Classify_SameNodeAfterTheRoundEnded_IsStillDuplicate(MergePhase phase) =>
        Expect(SubmissionOutcome.Duplicate, Submission("run/node-2"), phase);

    [Theory]
    [InlineData(MergePhase.Merging)]
    [InlineData(MergePhase.Closed)]
    [InlineData(MergePhase.Failed)]
    internal void Classify_RoundEnded_IsLate(MergePhase phase) => Expect(SubmissionOutcome.Late, Submission(), phase);

    [Fact]
    public void Classify_EarlierRound_IsLate() => Expect(SubmissionOutcome.Late, Submission() with { Round = 0 });

    [Fact]
    public void Classify_LaterRound_IsTooEarly() => Expect(SubmissionOutcome.TooEarly, Submission() with { Round = 2 });

    [Fact]
    public void Classify_OtherRun_IsTooEarly() =>
        Expect(SubmissionOutcome.TooEarly, Submission() with { RunId = "other" });

    [Fact]
    public void Classify_NoRoundOpened_IsTooEarly() =>
        Assert.Equal(
            SubmissionOutcome.TooEarly,
            MergeRules.Classify(new MergeCoordinatorState(), Submission()).Outcome
        );

    [Fact]
    public void Classify_UnknownNode_IsNotParticipating() =>
        Expect(SubmissionOutcome.NotParticipating, Submission("run/node-9"));

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Classify_OtherVersion_IsWrongBase(int version) =>
        Expect(SubmissionOutcome.WrongBase, Submission() with { BaseVersion = version });

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    public void Classify_NoSamples_IsRefused(long samples) =>
        Expect(SubmissionOutcome.Refused, Submission() with { SampleCount = samples });

    [Fact]
    public void Classify_NotAccepted_SaysWhy()
    {
        var receipt = MergeRules.Classify(Collecting(), Submission() with { BaseVersion = 2 });
        Assert.Equal("round 1 merges onto version 3, not 2", receipt.Reason);
    }

    private static void Expect(
        SubmissionOutcome outcome,
        DeltaSubmission submission,
        MergePhase phase = MergePhase.Collecting
    )
    {
        var state = Collecting(Plan(), "run/node-2");
        state.Phase = phase;
        Assert.Equal(outcome, MergeRules.Classify(state, submission).Outcome);
    }
}
