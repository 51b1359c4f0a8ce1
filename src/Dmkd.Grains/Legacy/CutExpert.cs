namespace Dmkd.Grains.Legacy;

/// <summary>An expert cut out of a legacy network and fine-tuned.</summary>
internal sealed record CutExpert(int Cluster, string Architecture, byte[] Weights, double ImportanceShare);
