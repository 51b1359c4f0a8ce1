namespace Dmkd.Contracts.Merging;

/// <summary>Names of the ways to send an update (proposal 3.4.3).</summary>
public static class CompressorNames
{
    /// <summary>Every tensor whole.</summary>
    public const string Dense = "dense";

    /// <summary>Truncated singular value decompositions: the proposal's.</summary>
    public const string Svd = "svd";

    /// <summary>PowerSGD: two phases through the coordinator, in a subspace that all nodes share.</summary>
    public const string PowerSgd = "powersgd";

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> All { get; } = [Dense, Svd, PowerSgd];
}
