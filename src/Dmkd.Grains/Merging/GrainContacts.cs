using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;

namespace Dmkd.Grains.Merging;

/// <summary>A merge coordinator's contacts as grains.</summary>
internal sealed class GrainContacts(IGrainFactory grains, string module) : IMergeContacts
{
    /// <summary>Longest time a node may take to measure.</summary>
    private static readonly TimeSpan MeasurementTimeout = TimeSpan.FromSeconds(60);

    public Task PublishAsync(ModuleVersion version) =>
        grains.GetGrain<IExpertModuleGrain>(module).PublishAsync(version);

    public Task<ComparisonReport?> MeasureAsync(MergeRoundPlan plan, string nodeId, ModuleVersion candidate) =>
        ProbeAsync<ComparisonReport>(plan, nodeId, candidate, new ComparisonProbe(plan.Base));

    public Task<StatisticsReport?> MeasureStatisticsAsync(
        MergeRoundPlan plan,
        string nodeId,
        ModuleVersion candidate
    ) => ProbeAsync<StatisticsReport>(plan, nodeId, candidate, new StatisticsProbe());

    private async Task<T?> ProbeAsync<T>(MergeRoundPlan plan, string nodeId, ModuleVersion candidate, Probe probe)
        where T : ProbeReport
    {
        try
        {
            var request = RequestOf(plan, nodeId, candidate, probe);
            return await grains.GetGrain<INodeGrain>(nodeId).ProbeAsync(request).WaitAsync(MeasurementTimeout) as T;
        }
#pragma warning disable CA1031 // a node that cannot measure is left out of the measurement
        catch (Exception)
#pragma warning restore CA1031
        {
            return null;
        }
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
