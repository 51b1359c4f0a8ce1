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
    public void Classify_BaseOfOtherContent_IsWrongBase()
    {
        Expect(SubmissionOutcome.Accepted, Submission() with { BaseDigest = "sha256:three" });
        Expect(SubmissionOutcome.WrongBase, Submission() with { BaseDigest = "sha256:other" });
    }

    [Fact]
    public void Classify_OfAnOlderProgram_IsRefusedNamingTheRemedy()
    {
        var receipt = MergeRules.Classify(Collecting(), Submission() with { Tensors = null! });
        Assert.Equal(SubmissionOutcome.Refused, receipt.Outcome);
        Assert.Contains("install the cluster's version", receipt.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, SubmissionOutcome.Accepted)]
    [InlineData(500, SubmissionOutcome.Accepted)]
    [InlineData(501, SubmissionOutcome.Refused)]
    internal void Classify_MoreSamplesThanTheTaskHas_IsRefused(long samples, SubmissionOutcome expected)
    {
        var state = Collecting(Plan() with { MaxSamples = 500 });
        Assert.Equal(expected, MergeRules.Classify(state, Submission() with { SampleCount = samples }).Outcome);
    }

    [Theory]
    [InlineData(0, 0, SubmissionOutcome.Accepted)]
    [InlineData(1e300, 1, SubmissionOutcome.Accepted)]
    [InlineData(double.NaN, 0.5, SubmissionOutcome.Refused)]
    [InlineData(double.PositiveInfinity, 0.5, SubmissionOutcome.Refused)]
    [InlineData(0.5, double.NaN, SubmissionOutcome.Refused)]
    [InlineData(0.5, 1.001, SubmissionOutcome.Refused)]
    [InlineData(0.5, -0.001, SubmissionOutcome.Refused)]
    internal void Classify_HowTrainingWent_MustBeNumbersOfATraining(
        double loss,
        double accuracy,
        SubmissionOutcome expected
    ) => Expect(expected, Submission() with { Training = new TrainingFigures(loss, accuracy) });

    [Theory]
    [InlineData(MergePhase.Projecting, SubmissionKind.Projection, SubmissionOutcome.Accepted)]
    [InlineData(MergePhase.Projecting, SubmissionKind.Update, SubmissionOutcome.TooEarly)]
    [InlineData(MergePhase.Collecting, SubmissionKind.Projection, SubmissionOutcome.Late)]
    internal void Classify_PartOfASharedBasis_HasATimeOfItsOwn(
        MergePhase phase,
        SubmissionKind kind,
        SubmissionOutcome expected
    ) => Expect(expected, Submission() with { Kind = kind }, phase);

    [Fact]
    public void Classify_UpdateOfANodeThatSentItsProjection_IsNoDuplicate()
    {
        var state = Collecting();
        state.Projected["run/node-1"] = new AcceptedUpdate("run/node-1", null, 7);
        Assert.Equal(SubmissionOutcome.Accepted, MergeRules.Classify(state, Submission()).Outcome);
        var again = Submission() with { Kind = SubmissionKind.Projection };
        Assert.Equal(SubmissionOutcome.Duplicate, MergeRules.Classify(state, again).Outcome);
    }

    [Fact]
    public void Classify_NotAccepted_SaysWhy()
    {
        var receipt = MergeRules.Classify(Collecting(), Submission() with { BaseVersion = 2 });
        Assert.Equal("round 2 merges onto version 3, not 2", receipt.Reason);
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
