using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;

namespace Dmkd.Grains.Merging;

/// <summary>Whom a merge coordinator talks to. Calls to nodes end within a bound and give null when a node does not answer.</summary>
internal interface IMergeContacts
{
    /// <summary>Tells the module its new version; a repeat changes nothing.</summary>
    Task PublishAsync(ModuleVersion version);

    /// <summary>Compares merged weights with the base on a node's data.</summary>
    Task<ComparisonReport?> MeasureAsync(MergeRoundPlan plan, string nodeId, ModuleVersion candidate);

    /// <summary>Measures batch-norm statistics of merged weights on a node's data.</summary>
    Task<StatisticsReport?> MeasureStatisticsAsync(MergeRoundPlan plan, string nodeId, ModuleVersion candidate);
}
