using Orleans.Concurrency;

namespace Dmkd.Contracts.Experts;

/// <summary>An expert module: owns its versions and its entropy statistics. Key: <c>library/name</c>.</summary>
[Alias("dmkd.IExpertModuleGrain")]
public interface IExpertModuleGrain : IGrainWithStringKey
{
    /// <summary>Creates the module with its first version; a repeat with the same digest changes nothing.</summary>
    /// <exception cref="InvalidOperationException">The module exists with another first version.</exception>
    [Alias("create")]
    Task CreateAsync(ModuleDescriptor descriptor, ModuleVersion first, CancellationToken cancellationToken = default);

    /// <summary>Appends a merged version; a repeat of the current one changes nothing.</summary>
    /// <exception cref="InvalidOperationException">The version does not follow the current one, or the module does not
    /// exist.</exception>
    [Alias("publish")]
    Task PublishAsync(ModuleVersion version, CancellationToken cancellationToken = default);

    /// <summary>
    /// Replaces the entropy statistics; statistics of an older version than the recorded ones are ignored.
    /// </summary>
    [Alias("specialize")]
    Task RecordSpecializationAsync(ModuleSpecialization specialization, CancellationToken cancellationToken = default);

    /// <summary>Removes what is stored of the module; its catalog is left to the caller.</summary>
    /// <returns>How many versions it had.</returns>
    [Alias("remove")]
    Task<int> RemoveAsync(CancellationToken cancellationToken = default);

    /// <summary>The module now, or null when it does not exist.</summary>
    [AlwaysInterleave, Alias("snapshot")]
    Task<ModuleSnapshot?> GetSnapshotAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// All versions, oldest first, at least up to a number that the caller knows to exist: an activation that was left
    /// behind notices it by this.
    /// </summary>
    /// <exception cref="OrleansException">The activation does not know that version; the call can be
    /// repeated.</exception>
    [AlwaysInterleave, Alias("historyUpTo")]
    Task<IReadOnlyList<ModuleVersion>> GetHistoryUpToAsync(int number, CancellationToken cancellationToken = default);

    /// <summary>All versions, oldest first.</summary>
    [AlwaysInterleave, Alias("history")]
    Task<IReadOnlyList<ModuleVersion>> GetHistoryAsync(CancellationToken cancellationToken = default);
}

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

/// <summary>Entropy of a module's predictions on its nodes' calibration sets (proposal 3.3).</summary>
/// <param name="VersionNumber">Version it was measured on.</param>
/// <param name="EntropySum">Sum of the entropies of all inputs, in nats.</param>
/// <param name="SampleCount">Number of inputs.</param>
[GenerateSerializer, Immutable, Alias("dmkd.ModuleSpecialization")]
public sealed record ModuleSpecialization(
    [property: Id(0)] int VersionNumber,
    [property: Id(1)] double EntropySum,
    [property: Id(2)] long SampleCount
)
{
    /// <summary>The proposal's H_k: the mean entropy, in [0, ln C]; 0 before any input.</summary>
    public double MeanEntropy => SampleCount == 0 ? 0 : EntropySum / SampleCount;
}
