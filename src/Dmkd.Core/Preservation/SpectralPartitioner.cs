namespace Dmkd.Core.Preservation;

/// <summary>
/// Splits a network's units into coherent sub-networks by spectral clustering (proposal 3.2.2; Ng, Jordan and Weiss
/// 2001): normalised Laplacian, K smallest eigenvectors, rows scaled to length 1, k-means++ with several starts.
/// </summary>
public static class SpectralPartitioner
{
    /// <summary>Partitions a graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="clusterCount">Number of clusters <c>K</c>, in [1, nodes].</param>
    /// <param name="options">Seed and effort.</param>
    /// <returns> The cluster of each node, in [0, clusterCount); clusters are numbered by their first node among the
    /// connected ones. An isolated node belongs nowhere: such nodes go, in order, to whichever cluster is smallest
    /// then. </returns>
    public static int[] Partition(ImportanceGraph graph, int clusterCount, SpectralOptions options)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(clusterCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(clusterCount, graph.NodeCount);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Restarts, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxIterations, 1);
        int[] clusterOfNode = new int[graph.NodeCount];
        if (clusterCount == 1)
            return clusterOfNode;

        int[] connected = [.. Enumerable.Range(0, graph.NodeCount).Where(node => graph.DegreeOf(node) > 0)];
        Array.Fill(clusterOfNode, -1);
        if (connected.Length > 0)
            ClusterConnected(graph, connected, Math.Min(clusterCount, connected.Length), options, clusterOfNode);
        SpreadIsolated(clusterOfNode, clusterCount);
        return clusterOfNode;
    }

    private static void ClusterConnected(
        ImportanceGraph graph,
        int[] connected,
        int clusters,
        SpectralOptions options,
        int[] clusterOfNode
    )
    {
        double[][] vectors = NormalisedLaplacian.SmallestEigenvectors(graph, clusters, options.SplitEverySpace);
        double[][] points = [.. connected.Select(node => UnitLength(vectors[node]))];
        int[] labels = KMeans.Cluster(points, clusters, options);
        if (options.BalanceSpaces && clusters > 1)
            labels = SpaceBalancer.Balance(
                [.. connected.Select(node => graph.Nodes[node].Space)],
                points,
                labels,
                clusters
            );
        Dictionary<int, int> numbers = [];
        for (int i = 0; i < labels.Length; i++)
        {
            numbers.TryAdd(labels[i], numbers.Count);
            clusterOfNode[connected[i]] = numbers[labels[i]];
        }
    }

    private static void SpreadIsolated(int[] clusterOfNode, int clusterCount)
    {
        int[] sizes = new int[clusterCount];
        foreach (int cluster in clusterOfNode.Where(cluster => cluster >= 0))
            sizes[cluster]++;
        for (int node = 0; node < clusterOfNode.Length; node++)
        {
            if (clusterOfNode[node] >= 0)
                continue;
            int smallest = Array.IndexOf(sizes, sizes.Min());
            sizes[smallest]++;
            clusterOfNode[node] = smallest;
        }
    }

    private static double[] UnitLength(double[] row)
    {
        double length = Math.Sqrt(row.Sum(x => x * x));
        return length > 0 ? [.. row.Select(x => x / length)] : row;
    }
}
