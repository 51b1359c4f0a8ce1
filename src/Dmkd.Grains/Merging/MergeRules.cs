using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;

namespace Dmkd.Grains.Merging;

/// <summary>Decisions of a merge coordinator, as functions of its state.</summary>
internal static class MergeRules
{
    /// <summary>Digests kept to recognise updates that are sent again.</summary>
    private const int MaxSeen = 1024;

    /// <summary>The present form of what a round collects, see <see cref="MergeCoordinatorState.Form"/>.</summary>
    private const int Form = 1;

    /// <summary>
    /// What a plan does: opens a new round, or gives the current one more time, also after it failed; nothing once it
    /// merges, and nothing when it is an old one that comes late.
    /// </summary>
    /// <exception cref="InvalidOperationException">A round of another run is still open.</exception>
    public static PlanEffect EffectOf(MergeCoordinatorState state, MergeRoundPlan plan, string module)
    {
        if (state.Plan is not { } current)
            return PlanEffect.Opens;
        bool isOpen =
            state.Phase
            is MergePhase.Projecting
                or MergePhase.Collecting
                or MergePhase.Merging
                or MergePhase.Publishing;
        if (current.RunId == plan.RunId && current.Round == plan.Round)
            return state.Phase is MergePhase.Projecting or MergePhase.Collecting or MergePhase.Failed
                ? PlanEffect.Extends
                : PlanEffect.None;
        if (current.RunId == plan.RunId && plan.Round < current.Round)
            return PlanEffect.None;
        if (isOpen)
            throw new InvalidOperationException(
                $"Module {module}: round {plan.Round + 1} of run {plan.RunId} cannot open while round "
                    + $"{current.Round + 1} of run {current.RunId} is {state.Phase}."
            );
        return PlanEffect.Opens;
    }

    /// <summary>Begins a round, or collects on with what was accepted.</summary>
    public static void Open(MergeCoordinatorState state, MergeRoundPlan plan, PlanEffect effect, DateTimeOffset now)
    {
        if (effect is PlanEffect.Opens || state.Form < Form)
        {
            state.Projected = [];
            state.Accepted = [];
            state.Arrivals = [];
            state.Refusals = [];
            state.Basis = null;
        }

        state.Withdrawn = []; // whoever could not take part may be able to now
        state.Plan = plan;
        state.BegunAt = now;
        state.OpenedAt = now;
        state.Result = null;
        state.NextMomentum = null;
        state.Error = null;
        state.DeviceSeconds = 0;
        state.Form = Form;
        state.Phase =
            plan.Options.Exchange().HasSharedBasis && state.Basis is null
                ? MergePhase.Projecting
                : MergePhase.Collecting;
    }

    /// <summary>
    /// Has a round that an older program left open collect anew, since its updates and its basis are not read any more;
    /// whoever has sent one is asked again. A round that is decided stays as it is.
    /// </summary>
    /// <returns>Whether there was one.</returns>
    public static bool ForgetOlder(MergeCoordinatorState state)
    {
        bool isOpen = state.Phase is MergePhase.Projecting or MergePhase.Collecting or MergePhase.Merging;
        if (!isOpen || state.Form >= Form)
            return false;
        state.Projected = [];
        state.Accepted = [];
        state.Basis = null;
        state.Form = Form;
        state.Phase = state.Plan!.Options.Exchange().HasSharedBasis ? MergePhase.Projecting : MergePhase.Collecting;
        return true;
    }

    /// <summary>What becomes of a submission, before its tensors are looked at.</summary>
    public static SubmissionReceipt Classify(MergeCoordinatorState state, DeltaSubmission submission)
    {
        if (state.Plan is not { } plan || plan.RunId != submission.RunId || submission.Round > plan.Round)
            return new(
                SubmissionOutcome.TooEarly,
                $"round {submission.Round + 1} of run {submission.RunId} is not open"
            );
        if (submission.Round < plan.Round)
            return new(SubmissionOutcome.Late, $"round {plan.Round + 1} is open, not {submission.Round + 1}");
        var known = submission.Kind is SubmissionKind.Projection ? state.Projected : state.Accepted;
        if (known.ContainsKey(submission.NodeId))
            return new(SubmissionOutcome.Duplicate);
        var wanted = submission.Kind is SubmissionKind.Projection ? MergePhase.Projecting : MergePhase.Collecting;
        if (state.Phase != wanted)
        {
            return submission.Kind is SubmissionKind.Update && state.Phase is MergePhase.Projecting
                ? new(SubmissionOutcome.TooEarly, $"round {plan.Round + 1} collects projections")
                : new(SubmissionOutcome.Late, $"round {plan.Round + 1} is {state.Phase}");
        }

        if (!plan.Participants.Contains(submission.NodeId))
            return new(
                SubmissionOutcome.NotParticipating,
                $"node {submission.NodeId} is not one of {string.Join(", ", plan.Participants)}"
            );
        if (submission.BaseVersion != plan.Base.Number)
            return new(
                SubmissionOutcome.WrongBase,
                $"round {plan.Round + 1} merges onto version {plan.Base.Number}, not {submission.BaseVersion}"
            );
        if (submission.BaseDigest is { } digest && digest != plan.Base.Digest)
            return new(
                SubmissionOutcome.WrongBase,
                $"round {plan.Round + 1} merges onto {plan.Base.Digest}, not {digest}"
            );
        if (submission.Tensors is null)
            return new(
                SubmissionOutcome.Refused,
                $"node {submission.NodeId}, round {submission.Round + 1}: its program is older than 0.2 and sends "
                    + $"updates in a form that is not read any more; install the cluster's version there"
            );
        return ClaimProblem(plan, submission) is { } problem
            ? new(SubmissionOutcome.Refused, $"node {submission.NodeId}, round {submission.Round + 1}: {problem}")
            : new(SubmissionOutcome.Accepted);
    }

    /// <summary>What is wrong with the numbers that a node tells of its training; null when nothing is.</summary>
    private static string? ClaimProblem(MergeRoundPlan plan, DeltaSubmission submission)
    {
        if (submission.SampleCount < 1)
            return $"sample count must be at least 1, not {submission.SampleCount}";
        if (submission.SampleCount > plan.MaxSamples)
            return $"sample count must be at most {plan.MaxSamples}, not {submission.SampleCount}";
        return ProblemOf(submission.Training);
    }

    /// <summary>What is wrong with what a node tells of how its training went; null when nothing is.</summary>
    public static string? ProblemOf(TrainingFigures? training)
    {
        if (training is null)
            return null;
        if (!double.IsFinite(training.MeanLoss))
            return FormattableString.Invariant($"training loss must be finite, not {training.MeanLoss}");
        return training.Accuracy is >= 0 and <= 1
            ? null
            : FormattableString.Invariant($"training accuracy must be in [0, 1], not {training.Accuracy}");
    }

    /// <summary>Whether an update with these tensors counted in an earlier round.</summary>
    public static bool IsReplay(MergeCoordinatorState state, string digest) => state.Seen.Contains(digest);

    /// <summary>
    /// Remembers what counted in the round; the oldest are forgotten. In one round two nodes may send the same.
    /// </summary>
    public static void Remember(MergeCoordinatorState state)
    {
        state.Seen.AddRange(InNodeOrder(state).Select(update => update.Tensors?.Digest).OfType<string>());
        if (state.Seen.Count > MaxSeen)
            state.Seen.RemoveRange(0, state.Seen.Count - MaxSeen);
    }

    /// <summary>Whether everybody who is waited for has submitted or withdrawn, and somebody has submitted.</summary>
    public static bool IsComplete(MergeCoordinatorState state)
    {
        if (Collected(state) is not { Count: > 0 } collected)
            return false;
        var plan = state.Plan!;
        string[] waitedFor = plan.Expected.Length > 0 ? plan.Expected : plan.Participants;
        return collected.Count >= plan.Quorum
            && waitedFor.All(node => collected.ContainsKey(node) || state.Withdrawn.ContainsKey(node));
    }

    /// <summary>Whether so many have withdrawn that the quorum cannot be reached any more.</summary>
    public static bool IsHopeless(MergeCoordinatorState state) =>
        Collected(state) is { } collected
        && state.Plan!.Participants.Count(node => collected.ContainsKey(node) || !state.Withdrawn.ContainsKey(node))
            < state.Plan.Quorum;

    /// <summary>
    /// What happens at the deadline: the collection ends with whoever has submitted, or without a quorum the round
    /// fails.
    /// </summary>
    public static DeadlineEffect AtDeadline(MergeCoordinatorState state, DateTimeOffset now)
    {
        if (Collected(state) is not { } collected || now < state.OpenedAt + state.Plan!.Wait)
            return DeadlineEffect.None;
        return collected.Count >= state.Plan.Quorum ? DeadlineEffect.Closes : DeadlineEffect.Fails;
    }

    /// <summary>
    /// Accepted updates in node order: the order in which they are summed, whatever order they came in.
    /// </summary>
    public static IReadOnlyList<AcceptedUpdate> InNodeOrder(MergeCoordinatorState state) =>
        InNodeOrder(state, state.Accepted);

    /// <summary>Accepted parts of the shared basis in node order.</summary>
    public static IReadOnlyList<AcceptedUpdate> ProjectedInNodeOrder(MergeCoordinatorState state) =>
        InNodeOrder(state, state.Projected);

    /// <summary>Where a round is, for others.</summary>
    public static MergeRoundStatus Status(MergeCoordinatorState state, string runId, int round)
    {
        if (!IsCurrent(state, runId, round))
            return new MergeRoundStatus { Phase = MergePhase.Idle };
        return new MergeRoundStatus
        {
            Phase = state.Phase,
            Result = state.Phase is MergePhase.Closed ? state.Result : null,
            Training = state.Phase is MergePhase.Closed ? TrainingOf(state) : null,
            UploadedBytes =
                state.Accepted.Values.Sum(delta => delta.PayloadBytes)
                + state.Projected.Values.Sum(delta => delta.PayloadBytes),
            DenseBytes = state.Accepted.Values.Sum(delta => delta.DenseBytes),
            DeviceSeconds = state.DeviceSeconds + state.Accepted.Values.Sum(delta => delta.DeviceSeconds),
            DownloadedBytes = state.Accepted.Values.Sum(delta => delta.DownloadedBytes),
            Basis = state.Basis,
            Arrivals =
            [
                .. state
                    .Plan!.Participants.Where(state.Arrivals.ContainsKey)
                    .Select(node => new ArrivalTime(node, state.Arrivals[node])),
            ],
            Missing = [.. state.Plan.Participants.Where(node => !state.Accepted.ContainsKey(node))],
            Refusals = [.. state.Refusals],
            Error = state.Error,
        };
    }

    /// <summary>The version that a merge publishes.</summary>
    public static ModuleVersion Next(
        MergeCoordinatorState state,
        MergedModule merged,
        MergeMetrics? metrics,
        DateTimeOffset now
    ) =>
        new()
        {
            Number = state.Plan!.Base.Number + 1,
            Digest = merged.Weights.Digest,
            Bytes = merged.Weights.Bytes,
            ParentDigest = state.Plan.Base.Digest,
            Round = state.Plan.Round,
            Contributions =
            [
                .. InNodeOrder(state)
                    .Where(entry => merged.WeightOf.ContainsKey(entry.NodeId))
                    .Select(entry => new ModuleContribution(
                        entry.NodeId,
                        entry.SampleCount,
                        entry.PayloadBytes,
                        entry.Tensors!.Digest,
                        merged.WeightOf[entry.NodeId]
                    )),
            ],
            Rule = state.Plan.Options.Rule,
            Update = merged.Update,
            Basis = merged.Basis,
            Metrics = metrics,
            Refusals = [.. state.Refusals],
            CreatedAt = now,
        };

    /// <summary>
    /// Why a merge is not published, or null: the contributors' accuracy fell by more than is allowed.
    /// </summary>
    public static string? GateProblem(MergeRoundPlan plan, MergeMetrics? metrics)
    {
        if (plan.Options.MaxDrop is not { } allowed)
            return null;
        if (metrics is null)
            return $"round {plan.Round + 1}: no contributor could measure the merged weights, and a drop of at most "
                + $"{allowed:P1} is asked for";
        double drop = metrics.AccuracyBefore - metrics.AccuracyAfter;
        return drop <= allowed
            ? null
            : $"round {plan.Round + 1}: accuracy on the contributors' calibration data fell from "
                + $"{metrics.AccuracyBefore:P1} to {metrics.AccuracyAfter:P1}, by more than {allowed:P1}";
    }

    /// <summary>The mean of what the merged nodes told of their training, by examples; null when none told.</summary>
    private static TrainingFigures? TrainingOf(MergeCoordinatorState state)
    {
        var merged = (state.Result?.Contributions ?? []).Where(entry => entry.Weight > 0).Select(entry => entry.NodeId);
        var told = merged.Select(state.Accepted.GetValueOrDefault).Where(update => update?.Training is not null);
        AcceptedUpdate[] updates = [.. told.Select(update => update!)];
        double examples = updates.Sum(update => (double)update.SampleCount);
        return updates.Length == 0
            ? null
            : new TrainingFigures(Mean(training => training.MeanLoss), Mean(training => training.Accuracy));

        // a sum of shares, so that no sum of finite numbers becomes infinite
        double Mean(Func<TrainingFigures, double> value) =>
            updates.Sum(update => value(update.Training!) * (update.SampleCount / examples));
    }

    private static Dictionary<string, AcceptedUpdate>? Collected(MergeCoordinatorState state) =>
        state.Phase switch
        {
            MergePhase.Projecting => state.Projected,
            MergePhase.Collecting => state.Accepted,
            _ => null,
        };

    private static AcceptedUpdate[] InNodeOrder(MergeCoordinatorState state, Dictionary<string, AcceptedUpdate> of) =>
        [.. state.Plan!.Participants.Where(of.ContainsKey).Select(node => of[node])];

    private static bool IsCurrent(MergeCoordinatorState state, string runId, int round) =>
        state.Plan is { } plan && plan.RunId == runId && plan.Round == round;
}

/// <summary>What a plan does to a coordinator.</summary>
internal enum PlanEffect
{
    /// <summary>Nothing: a repeat.</summary>
    None,

    /// <summary>A new round, with nothing accepted yet.</summary>
    Opens,

    /// <summary>The current round collects on until a new deadline; what was accepted counts.</summary>
    Extends,
}

/// <summary>What the passing of time does to a collection.</summary>
internal enum DeadlineEffect
{
    /// <summary>Nothing yet.</summary>
    None,

    /// <summary>It ends with whoever has submitted.</summary>
    Closes,

    /// <summary>The round fails: too few have submitted.</summary>
    Fails,
}
