using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Grains.Nodes;

namespace Dmkd.Chaos.Simulation;

/// <summary>Whom nodes turn to, over the network.</summary>
internal sealed class NodeLines(SimulatedActors actors) : INodeContacts
{
    public IMergeCoordinatorGrain CoordinatorOf(string moduleKey) => new CoordinatorLine(actors, moduleKey);

    public Task<IReadOnlyList<ModuleVersion>> HistoryAsync(string moduleKey, int upTo) =>
        new ModuleLine(actors, moduleKey).GetHistoryUpToAsync(upTo);
}

/// <summary>A coordinator over the network.</summary>
internal sealed class CoordinatorLine(SimulatedActors actors, string key) : IMergeCoordinatorGrain
{
    public Task RemoveAsync(CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("Nothing is removed here.");

    public Task OpenRoundAsync(MergeRoundPlan plan, CancellationToken cancellationToken = default) =>
        actors.Coordinator(key).CallAsync(c => c.OpenAsync(plan));

    public async Task<SubmissionReceipt> SubmitAsync(
        DeltaSubmission submission,
        CancellationToken cancellationToken = default
    )
    {
        var receipt = await actors.Coordinator(key).CallAsync(c => c.SubmitAsync(submission));
        actors.Journal.Note(
            actors.World.Now,
            () =>
                $"{submission.NodeId} submits {submission.Kind} of round {submission.Round}: "
                + $"{receipt.Outcome} {receipt.Reason}"
        );
        if (receipt.Outcome is SubmissionOutcome.Accepted && submission.Kind is SubmissionKind.Update)
            actors.Journal.Accepted.Add((key, submission.NodeId, submission.Round));
        return receipt;
    }

    public Task WithdrawAsync(
        string runId,
        int round,
        string nodeId,
        string reason,
        CancellationToken cancellationToken = default
    )
    {
        actors.Journal.Note(actors.World.Now, () => $"{nodeId} is withdrawn from round {round}: {reason}");
        return actors.Coordinator(key).CallAsync(c => c.WithdrawAsync(runId, round, nodeId, reason));
    }

    public async Task<MergeRoundStatus> GetRoundAsync(
        string runId,
        int round,
        CancellationToken cancellationToken = default
    )
    {
        var status = await actors
            .Coordinator(key)
            .CallAsync(c => Task.FromResult(c.Status(runId, round)), interleaves: true);
        actors.Journal.Told(key, status, round);
        return status;
    }
}

/// <summary>A node over the network.</summary>
internal sealed class NodeLine(SimulatedActors actors, string key) : INodeGrain
{
    public Task<bool> RemoveAsync(CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("Nothing is removed here.");

    public Task StartLocalUpdateAsync(LocalUpdateRequest request, CancellationToken cancellationToken = default) =>
        actors.Node(key).CallAsync(participant => Task.FromResult(participant.Start(request)));

    public Task<LocalUpdateStatus> GetLocalUpdateAsync(string workKey, CancellationToken cancellationToken = default) =>
        actors.Node(key).CallAsync(participant => Task.FromResult(participant.Status(workKey)), interleaves: true);

    public async Task<ProbeReport> ProbeAsync(ProbeRequest request, CancellationToken cancellationToken = default)
    {
        var measuring = new TallyMeasuring(actors.World, actors.Weights, actors.Surroundings.BadMerges);
        double slowness = actors.SlownessOf(key);
        try
        {
            return await actors
                .Node(key)
                .CallAsync(_ => measuring.ProbeAsync(request, slowness), interleaves: true, Network.LongCall);
        }
        catch (Exception e)
        {
            string problem = e.Message;
            actors.Journal.Note(actors.World.Now, () => $"{key} {request.Probe.GetType().Name}: {problem}");
            throw;
        }
    }
}
