using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Core.Routing;
using Dmkd.Grains.Merging;
using Dmkd.Grains.Routing;
using Dmkd.Grains.Runs.Rounds;
using Dmkd.Hosting.Lifecycle;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>
/// Asks a run's nodes to measure on their data, again until every one has answered: what one of them measures is part
/// of the result. A node that cannot measure, and says so, ends the run.
/// </summary>
/// <remarks>All methods throw what the last attempt threw, for the stage to be repeated, when a node does not
/// answer.</remarks>
internal sealed class NodeMeasuring(RunScope run)
{
    /// <summary>What the task's nodes measure of a module on their data of the task, in node order.</summary>
    public Task<EntropyReport[]> EntropyAsync(ModuleDescriptor module, ModuleVersion version)
    {
        int[] nodes = Present(RunParticipation.HoldersOf(run.Settings, run.State.Task));
        if (nodes.Length == 0)
            throw new InvalidOperationException($"All nodes that hold {module.Key} have left; none can measure it.");
        return Task.WhenAll(
            nodes.Select(node =>
                ProbeAsync<EntropyReport>(
                    NodeMeasurement.Entropy,
                    RequestFor(node, module, version, new EntropyProbe()),
                    (long)run.Settings.Fitting.CalibrationPerClass * module.Classes.Length
                )
            )
        );
    }

    /// <summary>A node's scores of its exemplars, per expert; null when it has none.</summary>
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
                var report = await ProbeAsync<ExemplarReport>(
                    NodeMeasurement.Exemplars,
                    request,
                    ExemplarProbe.MaxExemplars
                );
                if (report.Total == 0)
                    return null;
                parts.Add(report);
                told += report.Labels.Length;
            } while (told < parts[0].Total);
            reports[k] = [.. parts];
        }

        return reports;
    }

    /// <summary>A node's moments of a task's inputs in the experts' feature spaces, in their order.</summary>
    public async Task<MomentsReport[]> MomentsAsync(int node, int task, IReadOnlyList<ModuleSnapshot> experts)
    {
        long inputs = Math.Min(MomentsProbe.MaxInputs, run.Data.TrainingCountOf(task));
        var reports = new MomentsReport[experts.Count];
        for (int k = 0; k < experts.Count; k++)
        {
            var request = RequestFor(node, experts[k].Descriptor, experts[k].Current, new MomentsProbe()) with
            {
                Task = task,
            };
            reports[k] = await ProbeAsync<MomentsReport>(NodeMeasurement.Moments, request, inputs);
        }

        return reports;
    }

    /// <summary>What the library's router answers on a node's held-out examples.</summary>
    public Task<EvaluationReport> EvaluationAsync(int node, ModuleSnapshot[] modules, FittedGate? gate)
    {
        var request = RequestFor(node, run.State.Module!, run.State.Base!, new EvaluationProbe(modules, gate));
        long inputs = run.Settings.Library!.Tasks.Sum(task => task.Examples); // no node keeps more than all have
        return ProbeAsync<EvaluationReport>(NodeMeasurement.Evaluation, request, inputs);
    }

    /// <summary>Which of a library's nodes are here, by their place.</summary>
    public async Task<IReadOnlySet<int>> HereAsync(CancellationToken cancellationToken)
    {
        var directory = run.Grains.GetGrain<INodeDirectoryGrain>(INodeDirectoryGrain.Key);
        var offered = await directory.ListAsync(cancellationToken);
        var names = offered
            .Where(node => node.IsHere)
            .Select(node => node.Offer.Name)
            .ToHashSet(StringComparer.Ordinal);
        string[] own = run.Settings.Library!.Nodes;
        return Present(Enumerable.Range(0, own.Length).Where(node => names.Contains(own[node]))).ToHashSet();
    }

    /// <summary>Those nodes that have not left.</summary>
    public int[] Present(IEnumerable<int> nodes) => [.. nodes.Where(node => !run.State.Absent.Contains(node))];

    public string KeyOf(int node) => RunRules.NodeKey(run.Settings, run.RunId, node);

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

    /// <summary>A node's report. Every failed attempt is told.</summary>
    private async Task<T> ProbeAsync<T>(NodeMeasurement measurement, ProbeRequest request, long inputs)
        where T : ProbeReport
    {
        string key = KeyOf(request.NodeIndex);
        var node = run.Grains.GetGrain<INodeGrain>(key);
        var wait = ProbeCalls.WaitFor(request, inputs);
        var time = run.Services.Time;
        var calls = Resilience.TransientCall(time, ProbeCalls.Retries, retry => Tell(retry.Problem));
        try
        {
            var report = await calls.AskAsync(
                () => ProbeCalls.AskOnceAsync(node, request, wait, time),
                run.Engine.Token
            );
            return (T)report;
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{key}: {e.Message}; asked {ProbeCalls.Retries.MaxRetries + 1} times", e);
        }

        void Tell(Exception problem) =>
            run.Tell(new NodeSilent(key, measurement, problem.Message.Split('\n', 2)[0].Trim()));
    }
}
