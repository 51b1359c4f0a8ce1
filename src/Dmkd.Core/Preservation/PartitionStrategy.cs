namespace Dmkd.Core.Preservation;

/// <summary>How the legacy network's units are divided among experts.</summary>
public enum PartitionStrategy
{
    /// <summary>Spectral clustering of the importance graph (proposal 3.2.2).</summary>
    Spectral,

    /// <summary>A control: clusters as large as the spectral ones in every space, of units drawn at random.</summary>
    Random,

    /// <summary>No clusters: each expert takes the units most important to its classes, which experts may share.</summary>
    Importance,
}
