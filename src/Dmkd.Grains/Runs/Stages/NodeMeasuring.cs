using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;
using Dmkd.Core.Routing;
using Dmkd.Grains.Routing;
using Dmkd.Grains.Runs.Rounds;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>Asks a run's nodes to measure on their data. Who does not answer in time is left out.</summary>
internal sealed class NodeMeasuring(RunScope run)
{
    /// <summary>Longest time a node may take to measure.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan MaxMomentsWait = TimeSpan.FromMinutes(5);

    /// <summary>What the task's nodes measure of a module on their data of the task, in node order.</summary>
    /// <exception cref="InvalidOperationException">No node answered.</exception>
    public async Task<EntropyReport[]> EntropyAsync(ModuleDescriptor module, ModuleVersion version)
    {
        int[] nodes = Present(RunParticipation.HoldersOf(run.Settings, run.State.Task));
        var answers = await Task.WhenAll(
            nodes.Select(node =>
                ProbeAsync<EntropyReport>(
                    NodeMeasurement.Entropy,
                    RequestFor(node, module, version, new EntropyProbe()),
                    MaxWait
                )
            )
        );
        EntropyReport[] reports = [.. answers.OfType<EntropyReport>()];
        if (reports.Length == 0)
            throw new InvalidOperationException($"No node measured the entropy of {module.Key} within {MaxWait}.");
        return reports;
    }

    /// <summary>
    /// A node's scores of its exemplars, per expert; null when it does not answer, or has no exemplar.
    /// </summary>
    public async Task<ExemplarReport[][]?> ExemplarsAsync(int node, ModuleSnapshot[] experts)
    {
        bool wantsDescriptors = RunGate.Of(run.Settings).Needs.HasFlag(GateNeeds.Descriptors);
        var reports = new ExemplarReport[experts.Length][];
        for (int k = 0; k < experts.Length; k++)
        {
            var parts = new List<ExemplarReport>();
            int told = 0;
            do
            {
                var probe = new ExemplarProbe(told, wantsDescriptors && k == 0);
                var request = RequestFor(node, experts[k].Descriptor, experts[k].Current, probe);
                var report = await ProbeAsync<ExemplarReport>(NodeMeasurement.Exemplars, request, MaxWait);
                if (report is null || report.Total == 0)
                    return null;
                parts.Add(report);
                told += report.Labels.Length;
            } while (told < parts[0].Total);
            reports[k] = [.. parts];
        }

        return reports;
    }

    /// <summary>
    /// A node's moments of the task's images in the experts' feature spaces, in their order; fewer when it stops
    /// answering.
    /// </summary>
    public async Task<MomentsReport[]> MomentsAsync(int node, ModuleSnapshot[] experts)
    {
        var reports = new List<MomentsReport>();
        foreach (var expert in experts)
        {
            var request = RequestFor(node, expert.Descriptor, expert.Current, new MomentsProbe());
            var report = await ProbeAsync<MomentsReport>(NodeMeasurement.Moments, request, MaxMomentsWait);
            if (report is null)
                break;
            reports.Add(report);
        }

        return [.. reports];
    }

    /// <summary>Those nodes that have not left.</summary>
    public int[] Present(IEnumerable<int> nodes) => [.. nodes.Where(node => !run.State.Absent.Contains(node))];

    public string KeyOf(int node) => RunRules.NodeKey(run.RunId, node, run.Settings.Device);

    private ProbeRequest RequestFor(int node, ModuleDescriptor module, ModuleVersion version, Probe probe) =>
        new()
        {
            NodeIndex = node,
            Task = run.State.Task,
            Module = module,
            Version = version,
            Settings = run.Settings,
            Probe = probe,
        };

    /// <summary>A node's report, or null when it gives none.</summary>
    private async Task<T?> ProbeAsync<T>(NodeMeasurement measurement, ProbeRequest request, TimeSpan wait)
        where T : ProbeReport
    {
        string node = KeyOf(request.NodeIndex);
        try
        {
            var report = await run
                .Grains.GetGrain<INodeGrain>(node)
                .ProbeAsync(request)
                .WaitAsync(wait, run.Services.Time);
            return (T)report;
        }
        catch (Exception e)
            when (e is TimeoutException or OrleansException && !run.Engine.Token.IsCancellationRequested)
        {
            run.Tell(new NodeSilent(node, measurement, e.Message));
            return null;
        }
    }
}
