using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Grains.Merging;

namespace Dmkd.Chaos.Poisoning;

/// <summary>Contacts of a coordinator whose module takes every version, and whose nodes measure nothing.</summary>
internal sealed class NoContacts : IMergeContacts
{
    public Task PublishAsync(ModuleVersion version) => Task.CompletedTask;

    public Task<ComparisonReport> MeasureAsync(MergeRoundPlan plan, string nodeId, ModuleVersion candidate) =>
        throw new NotSupportedException("These nodes measure nothing.");

    public Task<StatisticsReport> MeasureStatisticsAsync(MergeRoundPlan plan, string nodeId, ModuleVersion candidate) =>
        throw new NotSupportedException("These nodes measure nothing.");
}
