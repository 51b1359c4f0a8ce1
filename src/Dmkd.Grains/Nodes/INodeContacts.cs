using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;

namespace Dmkd.Grains.Nodes;

/// <summary>Whom a node talks to.</summary>
internal interface INodeContacts
{
    /// <summary>The merge coordinator of a module.</summary>
    IMergeCoordinatorGrain CoordinatorOf(string moduleKey);

    /// <summary>All versions of a module, oldest first, at least up to one that exists.</summary>
    Task<IReadOnlyList<ModuleVersion>> HistoryAsync(string moduleKey, int upTo);
}
