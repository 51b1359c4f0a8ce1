using Dmkd.Core.Numerics;

namespace Dmkd.Core.Preservation;

/// <summary>
/// Gives class groups to clusters (proposal 3.2.2): each to the cluster that holds most of its importance, balanced.
/// </summary>
public static class ClassAssignment
{
    /// <summary>
    /// Assigns the groups so that every cluster gets ⌊groups/clusters⌋ or ⌈groups/clusters⌉ of them and the sum of the
    /// groups' shares is largest. A group's share of a cluster is the mean over its classes of the class's unit
    /// importance that lies in the cluster, divided by all of it. Exact, by linear assignment of groups to places in
    /// clusters.
    /// </summary>
    /// <param name="scores">Importance of the units per class. Borrowed.</param>
    /// <param name="graph">The graph that was partitioned.</param>
    /// <param name="clusterOfNode">Cluster of each node, in [0, clusterCount).</param>
    /// <param name="classGroups">The classes of each group; at least one group, no group empty, classes in [0, classes
    /// scored).</param>
    /// <param name="clusterCount">Number of clusters, at least 1.</param>
    /// <returns>The cluster of each group.</returns>
    public static int[] Assign(
        ImportanceScores scores,
        ImportanceGraph graph,
        int[] clusterOfNode,
        IReadOnlyList<int[]> classGroups,
        int clusterCount
    )
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(clusterOfNode);
        ArgumentNullException.ThrowIfNull(classGroups);
        ArgumentOutOfRangeException.ThrowIfLessThan(clusterCount, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(clusterOfNode.Length, graph.NodeCount);
        if (classGroups.Count == 0 || classGroups.Any(group => group.Length == 0))
            throw new ArgumentException(
                "There must be at least one class group, and a class in each.",
                nameof(classGroups)
            );
        ArgumentOutOfRangeException.ThrowIfNegative(classGroups.Min(group => group.Min()), nameof(classGroups));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(
            classGroups.Max(group => group.Max()),
            scores.ClassCount,
            nameof(classGroups)
        );

        double[,] shares = Shares(scores, graph, clusterOfNode, clusterCount);
        return Balance(GroupShares(shares, classGroups, clusterCount), classGroups.Count, clusterCount);
    }

    /// <summary>Where the importance of each class lies.</summary>
    /// <returns>Shape [classes, clusters], rows sum to 1 (to 0 for a class of no importance).</returns>
    internal static double[,] Shares(
        ImportanceScores scores,
        ImportanceGraph graph,
        int[] clusterOfNode,
        int clusterCount
    )
    {
        double[,] shares = new double[scores.ClassCount, clusterCount];
        for (int label = 0; label < scores.ClassCount; label++)
        {
            double total = 0;
            for (int node = 0; node < graph.NodeCount; node++)
            {
                double importance = scores.UnitsByClass[graph.Nodes[node].Space][label, graph.Nodes[node].Unit];
                shares[label, clusterOfNode[node]] += importance;
                total += importance;
            }

            for (int cluster = 0; cluster < clusterCount && total > 0; cluster++)
                shares[label, cluster] /= total;
        }

        return shares;
    }

    private static double[,] GroupShares(double[,] shares, IReadOnlyList<int[]> groups, int clusterCount)
    {
        double[,] result = new double[groups.Count, clusterCount];
        for (int group = 0; group < groups.Count; group++)
        {
            for (int cluster = 0; cluster < clusterCount; cluster++)
                result[group, cluster] = groups[group].Average(label => shares[label, cluster]);
        }

        return result;
    }

    // Every cluster offers ⌈groups/clusters⌉ places. Rows beyond the groups stand for places left free, which may only
    // be each cluster's last: the others are forbidden to them by a value that no sum of shares can make up for.
    private static int[] Balance(double[,] shares, int groupCount, int clusterCount)
    {
        int places = (groupCount + clusterCount - 1) / clusterCount,
            size = places * clusterCount;
        double[,] values = new double[size, size];
        for (int row = 0; row < size; row++)
        {
            for (int place = 0; place < size; place++)
            {
                int cluster = place % clusterCount;
                bool last = place / clusterCount == places - 1;
                double free = last ? 0 : -2 * (size + 1);
                values[row, place] = row < groupCount ? shares[row, cluster] : free;
            }
        }

        return [.. LinearAssignment.Maximise(values).Take(groupCount).Select(place => place % clusterCount)];
    }
}
