using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Runs;

namespace Dmkd.Chaos.Simulation;

/// <summary>Lines between the actors, over the network.</summary>
internal sealed partial class SimulatedCluster
{
    private static readonly TimeSpan LongCall = TimeSpan.FromMinutes(5);

    /// <summary>The actors as grains.</summary>
    private sealed class GrainLines(SimulatedCluster cluster) : StringKeyedGrains
    {
        protected override object Line(Type grain, string key)
        {
            if (grain == typeof(INodeGrain))
                return new NodeLine(cluster, key);
            if (grain == typeof(IMergeCoordinatorGrain))
                return new CoordinatorLine(cluster, key);
            if (grain == typeof(IExpertModuleGrain))
                return new ModuleLine(cluster, key);
            if (grain == typeof(IModuleCatalogGrain))
                return new CatalogLine(cluster, key);
            if (grain == typeof(ITrainingRunGrain))
                return new RunLine(cluster, key);
            if (grain == typeof(IRouterGrain))
                return new RouterLine(cluster, key);
            return grain == typeof(ILibraryDirectoryGrain)
                ? new DirectoryLine(cluster, key)
                : throw new NotSupportedException($"There is no {grain.Name} in this world.");
        }
    }

    /// <summary>Whom nodes turn to.</summary>
    private sealed class NodeLines(SimulatedCluster cluster) : INodeContacts
    {
        public IMergeCoordinatorGrain CoordinatorOf(string moduleKey) => new CoordinatorLine(cluster, moduleKey);

        public Task<IReadOnlyList<ModuleVersion>> HistoryAsync(string moduleKey, int upTo) =>
            new ModuleLine(cluster, moduleKey).GetHistoryUpToAsync(upTo);
    }

    /// <summary>What a run stands on.</summary>
    private sealed class RunStand(SimulatedCluster cluster, string runId, Action deactivate) : IRunHost
    {
        public IGrainFactory Grains => cluster._grains;

        public Task RequireAsync(string device) => Task.CompletedTask;

        public async Task SetReminderAsync()
        {
            await cluster._world.Delay(cluster._world.Between(0, 0.02));
            cluster._reminders.Add(runId);
        }

        public async Task ForgetReminderAsync()
        {
            await cluster._world.Delay(cluster._world.Between(0, 0.02));
            cluster._reminders.Remove(runId);
        }

        public void WakeElsewhere() => _ = new RunLine(cluster, runId).GetProgressAsync(long.MaxValue);

        public void StayAwake() { }

        public void Deactivate() => deactivate();
    }

    private sealed class CoordinatorLine(SimulatedCluster cluster, string key) : IMergeCoordinatorGrain
    {
        public Task RemoveAsync(CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("Nothing is removed here.");

        public Task OpenRoundAsync(MergeRoundPlan plan, CancellationToken cancellationToken = default) =>
            cluster.Coordinator(key).CallAsync(c => c.OpenAsync(plan));

        public async Task<SubmissionReceipt> SubmitAsync(
            DeltaSubmission submission,
            CancellationToken cancellationToken = default
        )
        {
            var receipt = await cluster.Coordinator(key).CallAsync(c => c.SubmitAsync(submission));
            cluster.Journal.Note(
                cluster._world.Now,
                () =>
                    $"{submission.NodeId} submits {submission.Kind} of round {submission.Round}: "
                    + $"{receipt.Outcome} {receipt.Reason}"
            );
            if (receipt.Outcome is SubmissionOutcome.Accepted && submission.Kind is SubmissionKind.Update)
                cluster.Journal.Accepted.Add((key, submission.NodeId, submission.Round));
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
            cluster.Journal.Note(cluster._world.Now, () => $"{nodeId} is withdrawn from round {round}: {reason}");
            return cluster.Coordinator(key).CallAsync(c => c.WithdrawAsync(runId, round, nodeId, reason));
        }

        public async Task<MergeRoundStatus> GetRoundAsync(
            string runId,
            int round,
            CancellationToken cancellationToken = default
        )
        {
            var status = await cluster
                .Coordinator(key)
                .CallAsync(c => Task.FromResult(c.Status(runId, round)), interleaves: true);
            cluster.Journal.Told(key, status, round);
            return status;
        }
    }

    private sealed class NodeLine(SimulatedCluster cluster, string key) : INodeGrain
    {
        public Task<bool> RemoveAsync(CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("Nothing is removed here.");

        public Task StartLocalUpdateAsync(LocalUpdateRequest request, CancellationToken cancellationToken = default) =>
            cluster.Node(key).CallAsync(participant => Task.FromResult(participant.Start(request)));

        public Task<LocalUpdateStatus> GetLocalUpdateAsync(
            string workKey,
            CancellationToken cancellationToken = default
        ) =>
            cluster.Node(key).CallAsync(participant => Task.FromResult(participant.Status(workKey)), interleaves: true);

        public async Task<ProbeReport> ProbeAsync(ProbeRequest request, CancellationToken cancellationToken = default)
        {
            var measuring = new TallyMeasuring(cluster._world, cluster._weights, cluster._scenario.BadMerges);
            double slowness = cluster.SlownessOf(key);
            try
            {
                return await cluster
                    .Node(key)
                    .CallAsync(_ => measuring.ProbeAsync(request, slowness), interleaves: true, LongCall);
            }
            catch (Exception e)
            {
                string problem = e.Message;
                cluster.Journal.Note(cluster._world.Now, () => $"{key} {request.Probe.GetType().Name}: {problem}");
                throw;
            }
        }
    }

    private sealed class ModuleLine(SimulatedCluster cluster, string key) : IExpertModuleGrain
    {
        public Task<int> RemoveAsync(CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("Nothing is removed here.");

        public Task CreateAsync(
            ModuleDescriptor descriptor,
            ModuleVersion first,
            CancellationToken cancellationToken = default
        ) => cluster.Module(key).CallAsync(module => module.CreateAsync(descriptor, first));

        public Task PublishAsync(ModuleVersion version, CancellationToken cancellationToken = default)
        {
            cluster.Journal.Note(cluster._world.Now, () => $"publishes {version.Number} of round {version.Round}");
            return cluster.Module(key).CallAsync(module => module.PublishAsync(version));
        }

        public Task RecordSpecializationAsync(
            ModuleSpecialization specialization,
            CancellationToken cancellationToken = default
        ) => cluster.Module(key).CallAsync(module => module.RecordAsync(specialization));

        public Task<ModuleSnapshot?> GetSnapshotAsync(CancellationToken cancellationToken = default) =>
            cluster.Module(key).CallAsync(module => Task.FromResult(module.Snapshot), interleaves: true);

        public Task<IReadOnlyList<ModuleVersion>> GetHistoryUpToAsync(
            int number,
            CancellationToken cancellationToken = default
        ) => cluster.Module(key).CallAsync(module => Task.FromResult(module.HistoryUpTo(number)), interleaves: true);

        public Task<IReadOnlyList<ModuleVersion>> GetHistoryAsync(CancellationToken cancellationToken = default) =>
            cluster.Module(key).CallAsync(module => Task.FromResult(module.History), interleaves: true);
    }

    private sealed class CatalogLine(SimulatedCluster cluster, string library) : IModuleCatalogGrain
    {
        public Task<int> RemoveModuleAsync(string moduleName, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("Nothing is removed here.");

        public Task<int> RemoveAsync(CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("Nothing is removed here.");

        public Task RegisterAsync(string moduleName, CancellationToken cancellationToken = default) =>
            cluster.Catalog(library).CallAsync(catalog => catalog.RegisterAsync(moduleName));

        public Task<IReadOnlyList<ModuleSnapshot>> ListAsync(CancellationToken cancellationToken = default) =>
            cluster.Catalog(library).CallAsync(catalog => catalog.ListAsync(cancellationToken), interleaves: true);

        public Task PublishGateAsync(FittedGate gate, CancellationToken cancellationToken = default) =>
            cluster.Catalog(library).CallAsync(catalog => catalog.PublishGateAsync(gate));

        public Task<FittedGate?> GetGateAsync(CancellationToken cancellationToken = default) =>
            cluster.Catalog(library).CallAsync(catalog => Task.FromResult(catalog.Gate), interleaves: true);
    }

    private sealed class DirectoryLine(SimulatedCluster cluster, string key) : ILibraryDirectoryGrain
    {
        public Task ForgetRunAsync(string runId, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("Nothing is removed here.");

        public Task RecordRunAsync(RunSummary summary, CancellationToken cancellationToken = default)
        {
            cluster.Journal.Note(cluster._world.Now, () => $"{summary.RunId} tells that it is in {summary.Phase}");
            return cluster.Library(key).CallAsync(directory => directory.RecordAsync(summary));
        }

        public Task<IReadOnlyList<RunSummary>> ListRunsAsync(CancellationToken cancellationToken = default) =>
            cluster.Library(key).CallAsync(directory => Task.FromResult(directory.Runs), interleaves: true);
    }

    private sealed class RouterLine(SimulatedCluster cluster, string library) : IRouterGrain
    {
        public Task<RouteResponse> RouteAsync(RouteRequest request, CancellationToken cancellationToken = default) =>
            cluster.Router(library).CallAsync(router => router.RouteAsync(request), interleaves: true, LongCall);
    }

    private sealed class RunLine(SimulatedCluster cluster, string runId) : ITrainingRunGrain
    {
        public Task<RemovedRun> RemoveAsync(CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("Nothing is removed here.");

        private Host<TrainingRun> Run => cluster.Run(runId);

        public Task StartAsync(RunSettings settings, CancellationToken cancellationToken = default) =>
            Run.CallAsync(run => run.StartAsync(settings));

        public Task ResumeAsync(CancellationToken cancellationToken = default) =>
            Run.CallAsync(run => run.ResumeAsync());

        public Task StopAsync(CancellationToken cancellationToken = default) => Run.CallAsync(run => run.StopAsync());

        public Task MoveDataAsync(string path, CancellationToken cancellationToken = default) =>
            Run.CallAsync(run => run.MoveDataAsync(path));

        public Task LeaveAsync(int node, CancellationToken cancellationToken = default) =>
            Run.CallAsync(run => run.LeaveAsync(node));

        public Task JoinAsync(int node, CancellationToken cancellationToken = default) =>
            Run.CallAsync(run => run.JoinAsync(node));

        public Task<RunSettings?> GetSettingsAsync(CancellationToken cancellationToken = default) =>
            Run.CallAsync(run => Task.FromResult(run.State.Settings), interleaves: true);

        public Task<IReadOnlyList<RunNode>> ListNodesAsync(CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("Places are not simulated.");

        public Task<RunProgress> GetProgressAsync(long afterEvent, CancellationToken cancellationToken = default) =>
            Run.CallAsync(run => Task.FromResult(run.Progress(afterEvent)), interleaves: true);

        public Task<RunReport?> GetReportAsync(CancellationToken cancellationToken = default) =>
            Run.CallAsync(run => Task.FromResult(run.Report), interleaves: true);
    }
}
