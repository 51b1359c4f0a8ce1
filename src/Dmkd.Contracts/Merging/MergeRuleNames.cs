namespace Dmkd.Contracts.Merging;

/// <summary>Names of the merge rules.</summary>
public static class MergeRuleNames
{
    /// <summary>The plain mean of the nodes' updates: the proposal's.</summary>
    public const string Mean = "mean";

    /// <summary>The mean weighted by the nodes' sample counts.</summary>
    public const string Weighted = "weighted";

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> All { get; } = [Mean, Weighted];
}
