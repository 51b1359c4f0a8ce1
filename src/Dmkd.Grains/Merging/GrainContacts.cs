using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;

namespace Dmkd.Grains.Merging;

/// <summary>A merge coordinator's contacts as grains.</summary>
internal sealed class GrainContacts(IGrainFactory grains, string module) : IMergeContacts
{
    /// <summary>Longest time a node may take to measure.</summary>
    private static readonly TimeSpan LongestMeasurement = TimeSpan.FromSeconds(60);

    public Task PublishAsync(ModuleVersion version) => grains.GetGrain<IExpertModuleGrain>(module).PublishAsync(version);

    public Task<CandidateReport?> MeasureAsync(MergeRoundPlan plan, string nodeId, ModuleVersion candidate) =>
        AskAsync(nodeId, node => node.MeasureCandidateAsync(RequestOf(plan, nodeId, candidate)));

    public Task<StatisticsReport?> MeasureStatisticsAsync(MergeRoundPlan plan, string nodeId, ModuleVersion candidate) =>
        AskAsync(nodeId, node => node.MeasureStatisticsAsync(RequestOf(plan, nodeId, candidate)));

    private async Task<T?> AskAsync<T>(string nodeId, Func<INodeGrain, Task<T>> call)
        where T : class
    {
        try
        {
            return await call(grains.GetGrain<INodeGrain>(nodeId)).WaitAsync(LongestMeasurement);
        }
#pragma warning disable CA1031 // a node that cannot measure is left out of the measurement
        catch (Exception)
#pragma warning restore CA1031
        {
            return null;
        }
    }

    private static CandidateRequest RequestOf(MergeRoundPlan plan, string nodeId, ModuleVersion candidate)
    {
        var measuring = plan.Measuring ?? throw new InvalidOperationException($"Round {plan.Round} of run {plan.RunId} has no measuring plan.");
        return new CandidateRequest
        {
            NodeIndex = measuring.NodeIndices[Array.IndexOf(plan.Participants, nodeId)],
            Task = measuring.Task,
            Module = measuring.Module,
            Base = plan.Base,
            Candidate = candidate,
            Settings = measuring.Settings,
        };
    }
}
