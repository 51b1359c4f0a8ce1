using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Grains.Merging;
using Dmkd.Grains.Nodes;

namespace Dmkd.Chaos.Simulation;

/// <summary>Lines between the actors, over the network.</summary>
internal sealed partial class SimulatedCluster
{
    /// <summary>Whom coordinator and nodes turn to.</summary>
    private sealed class Contacts(SimulatedCluster cluster) : IMergeContacts, INodeContacts
    {
        public Task PublishAsync(ModuleVersion version)
        {
            cluster.Journal.Trace.Add(
                $"{cluster._world.Now:mm:ss.fff} publishes {version.Number} of round {version.Round}"
            );
            return cluster._module.CallAsync(module => module.PublishAsync(version));
        }

        public Task<ComparisonReport> MeasureAsync(MergeRoundPlan plan, string nodeId, ModuleVersion candidate)
        {
            // The same weights are as good or as bad whoever looks at them, and whenever.
            bool isBad =
                cluster._scenario.BadMerges > 0
                && (Convert.ToInt32(candidate.Digest[..4], 16) / 65_536.0) < cluster._scenario.BadMerges;
            return Task.FromResult(new ComparisonReport(10, 9, isBad ? 3 : 9, 1, 1));
        }

        public Task<StatisticsReport> MeasureStatisticsAsync(
            MergeRoundPlan plan,
            string nodeId,
            ModuleVersion candidate
        ) => throw new NotSupportedException("No node of this world measures statistics.");

        public IMergeCoordinatorGrain CoordinatorOf(string moduleKey) => new CoordinatorLine(cluster);

        public Task<IReadOnlyList<ModuleVersion>> HistoryAsync(string moduleKey, int upTo) =>
            cluster._module.CallAsync(module => Task.FromResult(module.HistoryUpTo(upTo)), interleaves: true);
    }

    private sealed class CoordinatorLine(SimulatedCluster cluster) : IMergeCoordinatorGrain
    {
        public Task OpenRoundAsync(MergeRoundPlan plan, CancellationToken cancellationToken = default) =>
            cluster._coordinator.CallAsync(c => c.OpenAsync(plan));

        public async Task<SubmissionReceipt> SubmitAsync(
            DeltaSubmission submission,
            CancellationToken cancellationToken = default
        )
        {
            var receipt = await cluster._coordinator.CallAsync(c => c.SubmitAsync(submission));
            cluster.Journal.Trace.Add(
                $"{cluster._world.Now:mm:ss.fff} {submission.NodeId} submits {submission.Kind} of round "
                    + $"{submission.Round}: {receipt.Outcome} {receipt.Reason}"
            );
            if (receipt.Outcome is SubmissionOutcome.Accepted && submission.Kind is SubmissionKind.Update)
                cluster.Journal.Accepted.Add((submission.NodeId, submission.Round));
            return receipt;
        }

        public Task WithdrawAsync(
            string runId,
            int round,
            string nodeId,
            string reason,
            CancellationToken cancellationToken = default
        ) => cluster._coordinator.CallAsync(c => c.WithdrawAsync(runId, round, nodeId, reason));

        public async Task<MergeRoundStatus> GetRoundAsync(
            string runId,
            int round,
            CancellationToken cancellationToken = default
        )
        {
            var status = await cluster._coordinator.CallAsync(
                c => Task.FromResult(c.Status(runId, round)),
                interleaves: true
            );
            cluster.Journal.Told(status, round);
            return status;
        }
    }

    private sealed class NodeLine(SimulatedCluster cluster, int node) : INodeGrain
    {
        public Task StartLocalUpdateAsync(LocalUpdateRequest request, CancellationToken cancellationToken = default) =>
            cluster._nodes[node].CallAsync(participant => Task.FromResult(participant.Start(request)));

        public Task<LocalUpdateStatus> GetLocalUpdateAsync(
            string workKey,
            CancellationToken cancellationToken = default
        ) =>
            cluster
                ._nodes[node]
                .CallAsync(participant => Task.FromResult(participant.Status(workKey)), interleaves: true);

        public Task<ProbeReport> ProbeAsync(ProbeRequest request, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();
    }
}
