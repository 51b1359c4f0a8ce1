namespace Dmkd.Contracts.Experts;

/// <summary>How a module came to be. Persisted: values are explicit and never renumbered.</summary>
[Alias("dmkd.ModuleOrigin")]
public enum ModuleOrigin
{
    /// <summary>Drawn at random.</summary>
    Random = 0,

    /// <summary>Cut out of a legacy model (proposal 3.2).</summary>
    Preserved = 1,

    /// <summary>Started from the features of another module.</summary>
    Spawned = 2,
}
