using Dmkd.Contracts.Merging;
using Dmkd.Hosting.Storage;
using Dmkd.Hosting.Telemetry;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Merging;

/// <summary>
/// Collects the updates of a module's nodes, merges them and publishes the new version (proposal 3.4.2). Every step is
/// stored before anybody is told of it, and every step can be repeated: a coordinator that dies anywhere goes on from
/// what it stored, and no update counts twice or is lost. Knows nothing of Orleans, so that tests/Dmkd.Chaos can run it
/// under simulated faults.
/// </summary>
/// <remarks>
/// Late: an update that comes after its round's collection ended does not count, and its arrival time is kept, so that
/// the next rounds wait longer. Duplicate: the first one counts. Wrong base, replay, refused by a check: does not
/// count, is told to the node, never ends the round.
/// </remarks>
internal sealed partial class MergeCoordinator(
    string module,
    IStateSlot<MergeCoordinatorState> slot,
    IMergeWork work,
    IMergeContacts contacts,
    TimeProvider time,
    ILogger logger,
    Action onBroken
)
{
    private const int MaxAttempts = 10;

    private readonly StateWriter<MergeCoordinatorState> _writer = new(slot, onBroken);
    private MergeRoundStatus? _stored;
    private Task? _work;
    private int _attempts;
    private bool _isStopped;

    /// <summary>What the work says of itself. Borrowed.</summary>
    public required DmkdInstruments Instruments { get; init; }

    private MergeCoordinatorState State => _writer.State;

    private bool IsAtWork => _work is { IsCompleted: false };

    /// <summary>Goes on with what was stored; call once, after the state was read.</summary>
    public void Start()
    {
        if (MergeRules.ForgetOlder(State))
            LogCollectsAnew(logger, module, State.Plan!.Round + 1);
        Remember();
        GoOn();
    }

    /// <summary>The activation ends: whatever breaks from here on is no failure of the round.</summary>
    public void Stop() => _isStopped = true;

    /// <summary>Stops, and waits for the step at hand: what it stores would outlive the removal of the state.</summary>
    public async Task EndAsync()
    {
        Stop();
#pragma warning disable VSTHRD003 // the steps of that work do not wait for this call
        if (IsAtWork)
            await Task.WhenAny(_work!);
#pragma warning restore VSTHRD003
    }

    /// <summary>Opens a round, or gives the current one more time.</summary>
    public async Task OpenAsync(MergeRoundPlan plan)
    {
        // A decided round may still be on its way to the disk; the steps of that work do not wait for this call.
#pragma warning disable VSTHRD003
        if (IsAtWork && State.Plan is { } open && open.Round < plan.Round)
            await Task.WhenAny(_work!);
#pragma warning restore VSTHRD003
        var effect = MergeRules.EffectOf(State, plan, module);
        if (effect is PlanEffect.None || (effect is PlanEffect.Extends && IsAtWork))
            return;
        MergeRules.Open(State, plan, effect, time.GetUtcNow());
        _attempts = 0;
        await StoreAsync();
        GoOn();
    }

    /// <summary>Adds a submission to the open round.</summary>
    public async Task<SubmissionReceipt> SubmitAsync(DeltaSubmission submission)
    {
        var receipt = Classify(submission);
        long bytes = 0;
        if (receipt.Outcome is SubmissionOutcome.Accepted)
        {
            var check = await work.CheckAsync(State.Plan!, State.Basis, submission);
            receipt = Classify(submission); // the collection may have ended meanwhile
            if (receipt.Outcome is SubmissionOutcome.Accepted)
            {
                bytes = submission.Tensors.Blob.Bytes;
                receipt = await AcceptAsync(submission, check);
            }
        }
        else if (receipt.Outcome is SubmissionOutcome.Refused)
        {
            string check = MergeRules.ProblemOf(submission.Training) is null ? "sample count" : "training figures";
            receipt = await RefuseAsync(submission, check, receipt.Reason!);
        }

        Instruments.DeltaReceived(module, receipt.Outcome.ToString(), bytes);
        NoteArrival(submission, receipt);
        if (receipt.Outcome is SubmissionOutcome.Late)
            DmkdTelemetry.CameLate(State.Plan!.Trace, module, submission.NodeId, submission.Round);
        if (receipt.Outcome is not (SubmissionOutcome.Accepted or SubmissionOutcome.Duplicate))
            LogNotAccepted(
                logger,
                module,
                submission.NodeId,
                submission.Round + 1,
                receipt.Outcome,
                receipt.Reason ?? ""
            );
        return receipt;
    }

    /// <summary>A participant will not submit in this round.</summary>
    public async Task WithdrawAsync(string runId, int round, string nodeId, string reason)
    {
        if (State.Plan is not { } plan || plan.RunId != runId || plan.Round != round || IsAtWork)
            return;
        if (State.Phase is not (MergePhase.Projecting or MergePhase.Collecting) || !plan.Participants.Contains(nodeId))
            return;
        if (!State.Withdrawn.TryAdd(nodeId, reason))
            return;
        LogWithdrawn(logger, module, nodeId, round + 1, reason);
        FailWhenHopeless();
        await StoreAsync();
        GoOn();
    }

    private void FailWhenHopeless()
    {
        if (!MergeRules.IsHopeless(State))
            return;
        State.Phase = MergePhase.Failed;
        State.Error =
            $"Module {module}: round {State.Plan!.Round + 1} cannot reach its quorum of {State.Plan.Quorum}; "
            + $"nodes that cannot take part: "
            + string.Join(
                "; ",
                State
                    .Withdrawn.OrderBy(entry => entry.Key, StringComparer.Ordinal)
                    .Select(entry => $"{entry.Key}: {entry.Value}")
            );
    }

    /// <summary>Where a round is: what is stored, nothing else.</summary>
    public MergeRoundStatus Status(string runId, int round)
    {
        if (_writer.IsBroken || _stored is not { } stored || State.Plan is not { } plan || plan.RunId != runId)
            return new MergeRoundStatus { Phase = MergePhase.Idle };
        return plan.Round == round
            ? stored
            : new MergeRoundStatus { Phase = MergePhase.Idle, CurrentRound = plan.Round };
    }

    /// <summary>Looks at the clock; call about once a second.</summary>
    public async Task TickAsync()
    {
        if (_writer.IsBroken || IsAtWork)
            return;
        switch (MergeRules.AtDeadline(State, time.GetUtcNow()))
        {
            case DeadlineEffect.Closes:
                LogDeadlinePassed(logger, module, State.Plan!.Round + 1, Collected, State.Plan.Participants.Length);
                StartWork();
                break;
            case DeadlineEffect.Fails:
                State.Error =
                    $"Module {module}: round {State.Plan!.Round + 1} closed at its deadline with {Collected} of "
                    + $"{State.Plan.Participants.Length} updates; {State.Plan.Quorum} were needed.";
                State.Phase = MergePhase.Failed;
                await StoreAsync();
                break;
            default:
                GoOn();
                break;
        }
    }

    private int Collected => State.Phase is MergePhase.Projecting ? State.Projected.Count : State.Accepted.Count;

    private SubmissionReceipt Classify(DeltaSubmission submission)
    {
        var receipt = MergeRules.Classify(State, submission);
        return receipt.Outcome is SubmissionOutcome.Accepted && IsAtWork
            ? new(SubmissionOutcome.Late, $"round {submission.Round + 1} is ending")
            : receipt;
    }

    private async Task<SubmissionReceipt> AcceptAsync(DeltaSubmission submission, SubmissionCheck check)
    {
        string where = $"module {module}, node {submission.NodeId}, round {submission.Round + 1}";
        if (check.Problem is { } problem)
            return await RefuseAsync(submission, "malformed", $"{where}: {problem}");
        bool isUpdate = submission.Kind is SubmissionKind.Update;
        string digest = submission.Tensors.Blob.Digest;
        if (isUpdate && MergeRules.IsReplay(State, digest))
            return await RefuseAsync(
                submission,
                "replay",
                $"{where}: replay: an update with the same tensors ({digest}) counted before"
            );
        var known = isUpdate ? State.Accepted : State.Projected;
        known[submission.NodeId] = new AcceptedUpdate(
            submission.NodeId,
            submission.Tensors.Blob,
            submission.SampleCount
        )
        {
            DenseBytes = check.DenseBytes,
            DeviceSeconds = submission.DeviceSeconds,
            DownloadedBytes = submission.DownloadedBytes,
            Training = submission.Training,
        };
        // of two exchanges the first, which comes after the training
        State.Arrivals.TryAdd(submission.NodeId, SinceOpening);
        await StoreAsync();
        GoOn();
        return new SubmissionReceipt(SubmissionOutcome.Accepted);
    }

    private async Task<SubmissionReceipt> RefuseAsync(DeltaSubmission submission, string check, string reason)
    {
        Instruments.DeltaRefused(module, check);
        if (State.Withdrawn.TryAdd(submission.NodeId, reason))
            State.Refusals.Add(reason); // it has had its turn: the round does not wait for it
        FailWhenHopeless();
        await StoreAsync();
        GoOn();
        return new SubmissionReceipt(SubmissionOutcome.Refused, reason);
    }

    private double SinceOpening => (time.GetUtcNow() - State.BegunAt).TotalSeconds;

    /// <summary>
    /// How late a late update is shows how long the node takes; told at once, stored with the next write.
    /// </summary>
    private void NoteArrival(DeltaSubmission submission, SubmissionReceipt receipt)
    {
        if (receipt.Outcome is not SubmissionOutcome.Late || State.Plan!.Round != submission.Round || IsAtWork)
            return;
        if (State.Arrivals.TryAdd(submission.NodeId, SinceOpening))
            Remember();
    }

    private async Task StoreAsync()
    {
        await _writer.WriteAsync();
        Remember();
    }

    private void Remember() =>
        _stored = State.Plan is { } plan ? MergeRules.Status(State, plan.RunId, plan.Round) : null;

    /// <summary>Begins whatever the state calls for.</summary>
    private void GoOn()
    {
        if (State.Phase is MergePhase.Merging or MergePhase.Publishing || MergeRules.IsComplete(State))
            StartWork();
    }

    private void StartWork()
    {
        if (!IsAtWork)
            _work = State.Phase is MergePhase.Projecting ? MakeBasisAsync() : MergeAsync();
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Module {ModuleId}: update of node {NodeId} for round {Round} not accepted: {Outcome} {Reason}"
    )]
    private static partial void LogNotAccepted(
        ILogger logger,
        string moduleId,
        string nodeId,
        int round,
        SubmissionOutcome outcome,
        string reason
    );

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Module {ModuleId}: node {NodeId} measures nothing of round {Round}'s merge: {Reason}"
    )]
    private static partial void LogMeasuresNothing(
        ILogger logger,
        string moduleId,
        string nodeId,
        int round,
        string reason
    );

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Module {ModuleId}: node {NodeId} takes no part in round {Round}: {Reason}"
    )]
    private static partial void LogWithdrawn(ILogger logger, string moduleId, string nodeId, int round, string reason);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Module {ModuleId}: round {Round} reached its deadline with {Accepted} of {Participants} updates"
    )]
    private static partial void LogDeadlinePassed(
        ILogger logger,
        string moduleId,
        int round,
        int accepted,
        int participants
    );

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Module {ModuleId}: round {Round} collects its updates anew: an older program's cannot be read any more"
    )]
    private static partial void LogCollectsAnew(ILogger logger, string moduleId, int round);
}
