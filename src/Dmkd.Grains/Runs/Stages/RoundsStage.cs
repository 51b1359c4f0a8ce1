using System.Diagnostics;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Grains.Runs.Rounds;
using Dmkd.Hosting.Telemetry;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>A task's rounds, first half: nodes train, and their updates are collected (proposal 3.4.1).</summary>
internal sealed class TrainStage(RunScope run) : IRunStage<RunPhase>
{
    public RunPhase Phase => RunPhase.Train;

    /// <inheritdoc/>
    /// <remarks>Experts that were taken over have learned.</remarks>
    public bool IsSkipped => run.Settings.ExpertsOf is not null;

    public async Task<StageEnd<RunPhase>> RunAsync(CancellationToken cancellationToken)
    {
        long maxSamples = run.Data.TrainingCountOf(run.State.Task);
        return StageEnd<RunPhase>.At(await run.Rounds.TrainAsync(Teacher(), maxSamples, cancellationToken));
    }

    /// <summary>The legacy model, for tasks whose classes it knows.</summary>
    private LegacyTeacher? Teacher()
    {
        var state = run.State;
        int legacyTasks = run.Settings.Legacy.Tasks;
        if (state.Task >= legacyTasks)
            return null;
        int[] classes = run.Data.ClassesUpTo(legacyTasks - 1);
        int[] outputs = [.. state.Module!.Classes.Select(label => Array.IndexOf(classes, label))];
        return new LegacyTeacher(state.Legacy!.Architecture, state.Legacy.Digest, outputs);
    }
}

/// <summary>A task's rounds, second half: their coordinator merges what was collected (proposal 3.4.2).</summary>
internal sealed class MergeStage(RunScope run) : IRunStage<RunPhase>
{
    public RunPhase Phase => RunPhase.Merge;

    public bool IsSkipped => run.Settings.ExpertsOf is not null;

    public async Task<StageEnd<RunPhase>> RunAsync(CancellationToken cancellationToken) =>
        StageEnd<RunPhase>.At(await run.Rounds.MergeAsync(cancellationToken));
}

/// <summary>
/// A task's rounds as steps of a run's state machine: train and collect, then merge (proposal 3.4).
/// </summary>
internal sealed class RunRounds(string runId, RunScope run, RoundDriver driver)
{
    private Activity? _round;
    private long _begun;

    private TrainingRunState State => run.State;

    private RunSettings Settings => run.State.Settings!;

    /// <summary>Has the round's nodes train, and collects their updates when the round merges.</summary>
    /// <param name="teacher">The legacy model to distil from, or null.</param>
    /// <param name="maxSamples">Training images of the task: no node can have more.</param>
    /// <param name="cancellationToken">Ends the step.</param>
    /// <returns>The phase to go on in.</returns>
    public async Task<RunPhase> TrainAsync(LegacyTeacher? teacher, long maxSamples, CancellationToken cancellationToken)
    {
        if (State.Participants.Length == 0)
            RunParticipation.BeginRound(State); // whoever has left may be back
        if (State.Participants.Length == 0)
            throw new InvalidOperationException(
                $"Round {State.Round + 1} of task {State.Task + 1}: no node that holds {State.Module!.Key} takes part; "
                    + $"all have left."
            );
        Begin();
        var wait = RunRules.Wait(State);
        var requests = State
            .Participants.Select(node => RunRules.UpdateRequest(State, runId, node, teacher) with { Trace = Trace })
            .ToArray();
        if (!RunRules.Merges(Settings, State.Round))
        {
            var reports = await driver.TrainAsync(
                RunRules.NodeKeys(Settings, runId, State.Participants),
                requests,
                wait,
                run.Progress,
                cancellationToken
            );
            Count(reports);
            EndAs("local", reports.Count);
            State.Round++;
            RunParticipation.BeginRound(State);
            BeginTrace(State, runId);
            return RunPhase.Train;
        }

        var status = await driver.CollectAsync(
            RunRules.MergePlan(State, runId, wait, maxSamples) with
            {
                Trace = Trace,
            },
            requests,
            run.Progress,
            cancellationToken
        );
        if (
            status.Phase is MergePhase.Failed
            && State.Attempts + 1 < RunRules.MaxAttempts
            && !RunRules.IsFinal(status, State)
        )
        {
            State.Attempts++;
            run.Tell(new RoundRepeated(State.Task, State.Round, status.Error ?? ""));
            NoteArrivals(status, wait);
            return RunPhase.Train;
        }

        return status.Phase is MergePhase.Failed ? throw new InvalidOperationException(status.Error) : RunPhase.Merge;
    }

    /// <summary>
    /// Waits for the round's decision and goes on from the new version, or from the old one when the merge was refused.
    /// </summary>
    /// <returns>The phase to go on in.</returns>
    public async Task<RunPhase> MergeAsync(CancellationToken cancellationToken)
    {
        Begin();
        var status = await driver.DecisionAsync(runId, State.Round, cancellationToken);
        if (status.Phase is MergePhase.Failed)
            throw new InvalidOperationException(status.Error);
        if (status.Phase is not (MergePhase.Closed or MergePhase.Rejected))
            return RunPhase.Train; // open again, or lost: its nodes are asked again
        int counted = State.Participants.Length - status.Missing.Length;
        Count(status);
        NoteArrivals(status, RunRules.Wait(State));
        if (status.Result is { } result)
        {
            State.Base = result;
            run.Tell(new RoundMerged(State.Task, State.Round, result.Number, counted) { Training = status.Training });
        }

        if (status.Phase is MergePhase.Rejected)
            run.Tell(new RoundRejected(State.Task, State.Round, status.Error!));
        EndAs(status.Phase is MergePhase.Closed ? "merged" : "rejected", counted);
        var next = RunRules.AfterMerge(Settings, State.Round);
        State.Round++;
        RunParticipation.BeginRound(State);
        if (next is RunPhase.Train)
            BeginTrace(State, runId);
        else
            State.RoundTrace = null;
        return next;
    }

    /// <summary>Ends this activation's span of the round; without effect when the round has ended.</summary>
    public void End()
    {
        _round?.Dispose();
        _round = null;
        _begun = 0;
    }

    /// <summary>The run fails in the round.</summary>
    public void Fail()
    {
        if (_begun != 0)
            EndAs("failed", counted: 0);
    }

    /// <summary>Begins the trace of a round, to be stored with it.</summary>
    public static void BeginTrace(TrainingRunState state, string runId) =>
        state.RoundTrace = DmkdTelemetry.BeginRound(state.Trace, runId, state.Module!.Key, state.Task, state.Round);

    /// <summary>Where others' work on the round belongs.</summary>
    private string? Trace => _round?.Id ?? State.RoundTrace;

    /// <summary>Has what follows belong to the round, also when another step or activation began it.</summary>
    private void Begin()
    {
        if (_begun == 0)
            _begun = Stopwatch.GetTimestamp();
        _round ??= DmkdTelemetry.StartRound(State.RoundTrace, runId, State.Module!.Key, State.Task, State.Round);
        if (_round is not null)
            Activity.Current = _round;
    }

    private void EndAs(string outcome, int counted)
    {
        _round?.SetTag("dmkd.outcome", outcome);
        run.Instruments.RoundEnded(
            State.Module!.Key,
            outcome,
            Stopwatch.GetElapsedTime(_begun),
            (double)counted / Math.Max(1, State.Participants.Length)
        );
        End();
    }

    private void Count(IReadOnlyList<LocalUpdateReport> reports)
    {
        State.DeviceSeconds += reports.Sum(report => report.DeviceSeconds);
        State.BytesDown += reports.Sum(report => report.DownloadedBytes);
    }

    private void Count(MergeRoundStatus status)
    {
        State.BytesUp += status.UploadedBytes;
        State.BytesDown += status.DownloadedBytes;
        State.DenseBytes += status.DenseBytes;
        State.DeviceSeconds += status.DeviceSeconds;
        foreach (string refusal in status.Refusals)
            run.Tell(new UpdateRefused(State.Task, State.Round, refusal));
    }

    private void NoteArrivals(MergeRoundStatus status, TimeSpan wait)
    {
        var came = status.Arrivals.Select(arrival => arrival.NodeId).ToHashSet();
        int absent = RunParticipation
            .Expected(State)
            .Count(node => !came.Contains(RunRules.NodeKey(Settings, runId, node)));
        State.Arrivals = AdaptiveDeadline.Extend(
            State.Arrivals,
            status.Arrivals.Select(arrival => arrival.Seconds),
            absent,
            wait
        );
        foreach (int node in State.Participants)
        {
            bool hasCome = came.Contains(RunRules.NodeKey(Settings, runId, node));
            State.Missed[node] = hasCome ? 0 : State.Missed.GetValueOrDefault(node) + 1;
            if (hasCome)
                State.Seen[node] = new SeenRound(State.Task, State.Round);
        }
    }
}
