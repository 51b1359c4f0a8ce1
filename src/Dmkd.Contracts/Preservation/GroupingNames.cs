namespace Dmkd.Contracts.Preservation;

/// <summary>How classes are shared out among experts, by name.</summary>
public static class GroupingNames
{
    /// <summary>Classes that the legacy model confuses go to one expert (docs/adr/0013).</summary>
    public const string Similarity = "similarity";

    /// <summary>Every class goes to the cluster that holds most of its importance, balanced (proposal 3.2.2).</summary>
    public const string Importance = "importance";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Similarity, Importance];
}
