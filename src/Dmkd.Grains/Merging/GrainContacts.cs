using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Hosting.Lifecycle;

namespace Dmkd.Grains.Merging;

/// <summary>
/// Whom a merge coordinator talks to. Calls end within a bound: with what <see cref="TransientErrors"/> knows when
/// somebody does not answer, and with another exception when a node cannot do what it is asked for.
/// </summary>
internal interface IMergeContacts
{
    /// <summary>Tells the module its new version; a repeat changes nothing.</summary>
    Task PublishAsync(ModuleVersion version);

    /// <summary>Compares merged weights with the base on a node's data.</summary>
    Task<ComparisonReport> MeasureAsync(MergeRoundPlan plan, string nodeId, ModuleVersion candidate);

    /// <summary>Measures batch-norm statistics of merged weights on a node's data.</summary>
    Task<StatisticsReport> MeasureStatisticsAsync(MergeRoundPlan plan, string nodeId, ModuleVersion candidate);
}

/// <summary>A merge coordinator's contacts as grains.</summary>
internal sealed class GrainContacts(IGrainFactory grains, string module, TimeProvider time) : IMergeContacts
{
    public Task PublishAsync(ModuleVersion version) =>
        grains.GetGrain<IExpertModuleGrain>(module).PublishAsync(version);

    public async Task<ComparisonReport> MeasureAsync(MergeRoundPlan plan, string nodeId, ModuleVersion candidate) =>
        (ComparisonReport)await ProbeAsync(plan, nodeId, candidate, new ComparisonProbe(plan.Base));

    public async Task<StatisticsReport> MeasureStatisticsAsync(
        MergeRoundPlan plan,
        string nodeId,
        ModuleVersion candidate
    ) => (StatisticsReport)await ProbeAsync(plan, nodeId, candidate, new StatisticsProbe());

    private Task<ProbeReport> ProbeAsync(MergeRoundPlan plan, string nodeId, ModuleVersion candidate, Probe probe)
    {
        var request = RequestOf(plan, nodeId, candidate, probe);
        long inputs = (long)request.Settings.Fitting.CalibrationPerClass * request.Module.Classes.Length;
        var wait = ProbeCalls.WaitFor(request, inputs);
        return ProbeCalls.AskOnceAsync(grains.GetGrain<INodeGrain>(nodeId), request, wait, time);
    }

    private static ProbeRequest RequestOf(MergeRoundPlan plan, string nodeId, ModuleVersion candidate, Probe probe)
    {
        var measuring =
            plan.Measuring
            ?? throw new InvalidOperationException(
                $"Round {plan.Round + 1} of run {plan.RunId} has no measuring plan."
            );
        return new ProbeRequest
        {
            NodeIndex = measuring.NodeIndices[Array.IndexOf(plan.Participants, nodeId)],
            Task = measuring.Task,
            Module = measuring.Module,
            Version = candidate,
            Settings = measuring.Settings,
            Probe = probe,
        };
    }
}
