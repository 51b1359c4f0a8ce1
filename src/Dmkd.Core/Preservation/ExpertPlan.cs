namespace Dmkd.Core.Preservation;

/// <summary>What one expert is cut from.</summary>
/// <param name="Cluster">Its cluster of the partition, in [0, K).</param>
/// <param name="Classes">The legacy outputs it answers for, ascending.</param>
/// <param name="Units">The units it keeps.</param>
/// <param name="ImportanceShare">Share of the legacy network's importance that these units carry, in [0, 1].</param>
public sealed record ExpertPlan(int Cluster, int[] Classes, UnitSelection Units, double ImportanceShare);
