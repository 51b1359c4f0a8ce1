namespace Dmkd.Core.Preservation;

/// <summary>A legacy network divided into experts.</summary>
/// <param name="Graph">The graph that was partitioned.</param>
/// <param name="ClusterOfNode">Cluster of each node, in [0, K).</param>
/// <param name="Experts">The experts, in the order of their first class.</param>
public sealed record PreservationPlan(ImportanceGraph Graph, int[] ClusterOfNode, IReadOnlyList<ExpertPlan> Experts);
