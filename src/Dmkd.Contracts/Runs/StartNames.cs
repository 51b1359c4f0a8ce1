namespace Dmkd.Contracts.Runs;

/// <summary>Names of what a new task's expert starts from; its head is new in any case (docs/adr/0018).</summary>
public static class StartNames
{
    /// <summary>The features of the expert before it.</summary>
    public const string Previous = "previous";

    /// <summary>Random weights.</summary>
    public const string Random = "random";

    /// <summary>The features of the earlier expert that sees the most evidence in the new task's data.</summary>
    public const string Similar = "similar";

    /// <summary>The features of the legacy model, cut to an expert's widths.</summary>
    public const string Legacy = "legacy";

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> All { get; } = [Previous, Random, Similar, Legacy];
}
