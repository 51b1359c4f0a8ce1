using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;

namespace Dmkd.Grains.Merging;

/// <summary>Decisions of a merge coordinator, as functions of its state.</summary>
internal static class MergeRules
{
    /// <summary>What a plan does: opens a new round, or extends the current one's deadline, also after it failed; nothing once it merges.</summary>
    /// <exception cref="InvalidOperationException">Another round is still open.</exception>
    public static PlanEffect EffectOf(MergeCoordinatorState state, MergeRoundPlan plan, string module)
    {
        if (IsCurrent(state, plan.RunId, plan.Round))
            return state.Phase is MergePhase.Collecting or MergePhase.Failed ? PlanEffect.Extends : PlanEffect.None;
        if (state.Phase is MergePhase.Collecting or MergePhase.Merging)
            throw new InvalidOperationException(
                $"Module {module}: round {plan.Round} of run {plan.RunId} cannot open while round {state.Plan!.Round} of run {state.Plan.RunId} is {state.Phase}.");
        return PlanEffect.Opens;
    }

    /// <summary>What becomes of a submission, before its tensors are looked at.</summary>
    public static SubmissionReceipt Classify(MergeCoordinatorState state, DeltaSubmission submission)
    {
        if (state.Plan is not { } plan || plan.RunId != submission.RunId || submission.Round > plan.Round)
            return new(SubmissionOutcome.TooEarly, $"round {submission.Round} of run {submission.RunId} is not open");
        if (submission.Round < plan.Round) return new(SubmissionOutcome.Late, $"round {plan.Round} is open, not {submission.Round}");
        if (state.Accepted.ContainsKey(submission.NodeId)) return new(SubmissionOutcome.Duplicate);
        if (state.Phase is not MergePhase.Collecting) return new(SubmissionOutcome.Late, $"round {plan.Round} is {state.Phase}");
        if (!plan.Participants.Contains(submission.NodeId)) return new(SubmissionOutcome.NotParticipating, $"node {submission.NodeId} is not one of {string.Join(", ", plan.Participants)}");
        if (submission.BaseVersion != plan.Base.Number)
            return new(SubmissionOutcome.WrongBase, $"round {plan.Round} merges onto version {plan.Base.Number}, not {submission.BaseVersion}");
        return submission.SampleCount > 0
            ? new(SubmissionOutcome.Accepted)
            : new(SubmissionOutcome.Refused, $"node {submission.NodeId}, round {submission.Round}: sample count must be at least 1, not {submission.SampleCount}");
    }

    /// <summary>Whether everybody has submitted.</summary>
    public static bool IsComplete(MergeCoordinatorState state) =>
        state.Phase is MergePhase.Collecting && state.Accepted.Count == state.Plan!.Participants.Length;

    /// <summary>What the passing of time does to the phase.</summary>
    public static MergePhase AfterDeadline(MergeCoordinatorState state, DateTimeOffset now) =>
        state.Phase is not MergePhase.Collecting || now < state.Plan!.Deadline ? state.Phase
        : state.Accepted.Count >= state.Plan.Quorum ? MergePhase.Merging
        : MergePhase.Failed;

    /// <summary>Accepted updates in node order: the order in which they are summed, whatever order they came in.</summary>
    public static IReadOnlyList<(string NodeId, AcceptedDelta Delta)> InNodeOrder(MergeCoordinatorState state) =>
        [.. state.Plan!.Participants.Where(state.Accepted.ContainsKey).Select(node => (node, state.Accepted[node]))];

    /// <summary>Where a round is, for others.</summary>
    public static MergeRoundStatus Status(MergeCoordinatorState state, string runId, int round) => IsCurrent(state, runId, round)
        ? new MergeRoundStatus
        {
            Phase = state.Phase,
            Result = state.Result,
            UploadedBytes = state.Accepted.Values.Sum(delta => delta.PayloadBytes),
            DenseBytes = state.Accepted.Values.Sum(delta => delta.DenseBytes),
            DeviceSeconds = state.DeviceSeconds,
            Error = state.Error,
        }
        : new MergeRoundStatus { Phase = MergePhase.Idle };

    /// <summary>The version that a merge publishes.</summary>
    public static ModuleVersion Next(MergeCoordinatorState state, string digest, long bytes, DateTimeOffset now) => new()
    {
        Number = state.Plan!.Base.Number + 1,
        Digest = digest,
        Bytes = bytes,
        ParentDigest = state.Plan.Base.Digest,
        Round = state.Plan.Round,
        Contributions = [.. InNodeOrder(state).Select(entry => new ModuleContribution(entry.NodeId, entry.Delta.SampleCount, entry.Delta.PayloadBytes))],
        CreatedAt = now,
    };

    private static bool IsCurrent(MergeCoordinatorState state, string runId, int round) =>
        state.Plan is { } plan && plan.RunId == runId && plan.Round == round;
}
