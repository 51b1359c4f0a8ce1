namespace Dmkd.Contracts.Experts;

/// <summary>A module at one moment.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.ModuleSnapshot")]
public sealed record ModuleSnapshot
{
    /// <summary>What never changes.</summary>
    [Id(0)]
    public required ModuleDescriptor Descriptor { get; init; }

    /// <summary>The version that serves.</summary>
    [Id(1)]
    public required ModuleVersion Current { get; init; }

    /// <summary>Entropy statistics; null until measured.</summary>
    [Id(2)]
    public ModuleSpecialization? Specialization { get; init; }
}
