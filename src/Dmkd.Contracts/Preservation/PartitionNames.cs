namespace Dmkd.Contracts.Preservation;

/// <summary>How units are divided among experts, by name.</summary>
public static class PartitionNames
{
    /// <summary>Spectral clustering of the importance graph (proposal 3.2.2).</summary>
    public const string Spectral = "spectral";

    /// <summary>A control: clusters of the same sizes, drawn at random.</summary>
    public const string Random = "random";

    /// <summary>No clusters: each expert takes the units most important to its classes.</summary>
    public const string Importance = "importance";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Spectral, Random, Importance];
}
