using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Merging;
using Dmkd.Hosting.Lifecycle;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Runs.Rounds;

/// <summary>
/// Drives one round: opens it at the module's coordinator, asks the nodes, and looks on until the coordinator has
/// decided. Nothing here waits without a bound, and everything can be repeated: a run that dies drives the same round
/// again. Knows nothing of Orleans, so that tests/Dmkd.Chaos can run it under simulated faults.
/// </summary>
internal sealed partial class RoundDriver(
    IMergeCoordinatorGrain coordinator,
    Func<string, INodeGrain> nodeOf,
    TimeProvider time,
    ILogger logger
)
{
    /// <summary>Time between two looks.</summary>
    public TimeSpan PollPeriod { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Longest time a call to the coordinator is waited for.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A node that has not answered for so long is not waited for.</summary>
    public TimeSpan MaxSilence { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Told when a node's work failed or the node is not waited for.</summary>
    public Action<NodeMissed> Tell { get; init; } = _ => { };

    /// <summary>Time a merge may take after its deadline.</summary>
    public TimeSpan MergeGrace { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Opens a merging round and has its updates collected.</summary>
    /// <param name="plan">The round.</param>
    /// <param name="requests">What the participants are asked, in their order.</param>
    /// <param name="progress">Receives the mean share done, in [0, 1].</param>
    /// <param name="cancellationToken">Ends the driving; the round goes on without it.</param>
    /// <returns>The round as it stands once nothing more is collected.</returns>
    /// <exception cref="StateLostException">The coordinator is in a later round: the driver's state is not the
    /// newest.</exception>
    /// <exception cref="RoundOverdueException">The coordinator did not end the round within its deadline and a
    /// grace.</exception>
    public async Task<MergeRoundStatus> CollectAsync(
        MergeRoundPlan plan,
        IReadOnlyList<LocalUpdateRequest> requests,
        Action<double> progress,
        CancellationToken cancellationToken
    )
    {
        var contacts = plan
            .Participants.Select((node, index) => new NodeContact(nodeOf(node), requests[index], time))
            .ToArray();
        int exchanges = plan.Options.Exchange().HasSharedBasis ? 2 : 1;
        var limit = time.GetUtcNow() + exchanges * plan.Wait + MergeGrace;
        bool isOpen = false;
        while (true)
        {
            if (!isOpen)
                isOpen = await TryAsync(() => coordinator.OpenRoundAsync(plan, cancellationToken));
            if (isOpen && await StatusAsync(plan.RunId, plan.Round) is { } status)
            {
                if (status.CurrentRound > plan.Round)
                    throw new StateLostException(); // another activation of the run went further
                if (status.Phase is not (MergePhase.Idle or MergePhase.Projecting or MergePhase.Collecting))
                    return status;
                // a coordinator that knows nothing of the round lost it before it was stored
                isOpen = status.Phase is not MergePhase.Idle;
                for (int i = 0; i < contacts.Length; i++)
                    contacts[i].Look(status.Missing.Contains(plan.Participants[i]));
                await WithdrawAsync(plan, contacts, status);
                progress(contacts.Average(contact => contact.Status.Progress));
            }

            if (time.GetUtcNow() > limit)
                throw new RoundOverdueException(
                    $"Round {plan.Round + 1} of run {plan.RunId} did not end within {exchanges * plan.Wait + MergeGrace}."
                );
            await Task.Delay(PollPeriod, time, cancellationToken);
        }
    }

    /// <summary>Waits for a round's decision.</summary>
    /// <returns>The round, closed, rejected or failed; idle when its coordinator does not know it.</returns>
    /// <exception cref="RoundOverdueException">There was no decision within the grace.</exception>
    public async Task<MergeRoundStatus> DecisionAsync(string runId, int round, CancellationToken cancellationToken)
    {
        var limit = time.GetUtcNow() + MergeGrace;
        while (true)
        {
            var status = await StatusAsync(runId, round);
            if (status?.CurrentRound > round)
                throw new StateLostException(); // another activation of the run went further
            if (
                status?.Phase
                is MergePhase.Closed
                    or MergePhase.Rejected
                    or MergePhase.Failed
                    or MergePhase.Idle
                    or MergePhase.Collecting
                    or MergePhase.Projecting
            )
                return status;
            if (time.GetUtcNow() > limit)
                throw new RoundOverdueException($"The merge of round {round + 1} did not end within {MergeGrace}.");
            await Task.Delay(PollPeriod, time, cancellationToken);
        }
    }

    /// <summary>Has nodes train without a merge (τ above 1).</summary>
    /// <param name="nodes">The nodes.</param>
    /// <param name="requests">What they are asked, in their order.</param>
    /// <param name="wait">Longest time: whoever is not done then goes on alone.</param>
    /// <param name="progress">Receives the mean share done, in [0, 1].</param>
    /// <param name="cancellationToken">Ends the driving.</param>
    /// <returns>The reports of the nodes that are done, in node order.</returns>
    /// <exception cref="StateLostException">A node is in a later round: the driver's state is not the
    /// newest.</exception>
    /// <exception cref="InvalidOperationException">No node was able to train.</exception>
    public async Task<IReadOnlyList<LocalUpdateReport>> TrainAsync(
        IReadOnlyList<string> nodes,
        IReadOnlyList<LocalUpdateRequest> requests,
        TimeSpan wait,
        Action<double> progress,
        CancellationToken cancellationToken
    )
    {
        var contacts = nodes.Select((node, index) => new NodeContact(nodeOf(node), requests[index], time)).ToArray();
        var limit = time.GetUtcNow() + wait;
        while (true)
        {
            foreach (var contact in contacts)
                contact.Look();
            if (contacts.Any(contact => contact.Status.IsOutdated))
                throw new StateLostException(); // another activation of the run went further
            progress(contacts.Average(contact => contact.Status.Progress));
            bool isOver = contacts.All(contact =>
                contact.Status.State is WorkState.Completed or WorkState.Failed || contact.Silence >= MaxSilence
            );
            if (
                time.GetUtcNow() > limit
                || (isOver && contacts.Any(contact => contact.Status.State is not WorkState.Unknown))
            )
            {
                LocalUpdateReport[] reports =
                [
                    .. contacts.Select(contact => contact.Status.Report).OfType<LocalUpdateReport>(),
                ];
                return reports.Length > 0
                    ? reports
                    : throw new InvalidOperationException(
                        contacts
                            .Select(contact => contact.Status.Error ?? contact.Problem?.Message)
                            .FirstOrDefault(problem => problem is not null)
                            ?? $"No node was done within {wait}."
                    );
            }

            await Task.Delay(PollPeriod, time, cancellationToken);
        }
    }

    /// <summary>
    /// Has nodes not waited for that have failed, or that have not answered for long while enough others can still
    /// submit. Whoever submits in time all the same counts.
    /// </summary>
    private async Task WithdrawAsync(MergeRoundPlan plan, NodeContact[] contacts, MergeRoundStatus status)
    {
        int present = contacts.Count(contact =>
            contact is { IsWithdrawn: false, Status.State: not WorkState.Failed } && contact.Silence < MaxSilence
        );
        int counted = plan.Participants.Length - status.Missing.Length;
        foreach (
            var (index, contact) in contacts
                .Index()
                .Where(entry => !entry.Item.IsWithdrawn && status.Missing.Contains(plan.Participants[entry.Index]))
        )
        {
            string? reason = null;
            if (contact.Status.State is WorkState.Failed)
                reason = contact.Status.Error ?? "its work failed";
            else if (contact.Silence >= MaxSilence && Math.Max(present, counted) >= plan.Quorum)
                reason = $"it has not answered for {contact.Silence.TotalSeconds:F0} s";
            if (reason is null)
                continue;
            LogNodeFailed(logger, plan.RunId, plan.Participants[index], plan.Round + 1, reason);
            if (contact.MayTell())
                Tell(new NodeMissed(plan.Participants[index], plan.Round, reason));
            bool isTold = await TryAsync(() =>
                coordinator.WithdrawAsync(plan.RunId, plan.Round, plan.Participants[index], reason)
            );
            if (isTold)
                contact.NoteWithdrawn();
        }
    }

    private async Task<MergeRoundStatus?> StatusAsync(string runId, int round)
    {
        MergeRoundStatus? status = null;
        await TryAsync(async () => status = await coordinator.GetRoundAsync(runId, round));
        return status;
    }

    /// <summary>Makes a call that can be made again; false when it was not answered.</summary>
    private async Task<bool> TryAsync(Func<Task> call)
    {
        try
        {
            await call().WaitAsync(CallTimeout, time);
            return true;
        }
        catch (Exception e) when (e is TimeoutException or OrleansException)
        {
            LogNotAnswered(logger, e);
            return false;
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Run {RunId}: node {NodeId} takes no part in round {Round}: {Reason}"
    )]
    private static partial void LogNodeFailed(ILogger logger, string runId, string nodeId, int round, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "A merge coordinator did not answer and is asked again")]
    private static partial void LogNotAnswered(ILogger logger, Exception exception);
}

/// <summary>A round did not end within its bounds; the message names round and bound.</summary>
internal sealed class RoundOverdueException(string message) : Exception(message);
