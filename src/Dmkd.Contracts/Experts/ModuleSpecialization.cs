namespace Dmkd.Contracts.Experts;

/// <summary>Entropy of a module's predictions on its nodes' calibration sets (proposal 3.3).</summary>
/// <param name="VersionNumber">Version it was measured on.</param>
/// <param name="EntropySum">Sum of the entropies of all inputs, in nats.</param>
/// <param name="SampleCount">Number of inputs.</param>
[GenerateSerializer, Immutable, Alias("dmkd.ModuleSpecialization")]
public sealed record ModuleSpecialization(
    [property: Id(0)] int VersionNumber, [property: Id(1)] double EntropySum, [property: Id(2)] long SampleCount)
{
    /// <summary>The proposal's H_k: the mean entropy, in [0, ln C]; 0 before any input.</summary>
    public double MeanEntropy => SampleCount == 0 ? 0 : EntropySum / SampleCount;
}
