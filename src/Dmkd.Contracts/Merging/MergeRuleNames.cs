namespace Dmkd.Contracts.Merging;

/// <summary>Names of the merge rules.</summary>
public static class MergeRuleNames
{
    /// <summary>The plain mean of the nodes' updates: the proposal's.</summary>
    public const string Mean = "mean";

    /// <summary>The mean weighted by the nodes' sample counts.</summary>
    public const string Weighted = "weighted";

    /// <summary>The weighted mean of updates that were scaled down to the median norm.</summary>
    public const string Clipped = "clipped";

    /// <summary>The mean of each weight without its largest and smallest values.</summary>
    public const string Trimmed = "trimmed";

    /// <summary>The median of each weight.</summary>
    public const string Median = "median";

    /// <summary>The mean of the updates that lie closest together (multi-Krum).</summary>
    public const string Krum = "krum";

    /// <summary>The weighted mean of each update's mean with its nearest ones (nearest-neighbour mixing).</summary>
    public const string Mixing = "nnm";

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> All { get; } = [Mean, Weighted, Clipped, Trimmed, Median, Krum, Mixing];
}
