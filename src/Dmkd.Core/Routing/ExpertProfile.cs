namespace Dmkd.Core.Routing;

/// <summary>What a fitted gate knows of an expert: means over the exemplars of its classes (proposal 3.3, the M_k of G_θ(M_k, x)).</summary>
/// <param name="Descriptor">Mean <see cref="InputDescriptor"/>.</param>
/// <param name="EvidenceMean">Mean of its largest class score.</param>
/// <param name="EvidenceSpread">Standard deviation of the same, above 0.</param>
public sealed record ExpertProfile(double[] Descriptor, double EvidenceMean, double EvidenceSpread);
