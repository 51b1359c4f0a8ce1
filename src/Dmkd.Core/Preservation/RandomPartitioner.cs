namespace Dmkd.Core.Preservation;

/// <summary>The control of the partition: what a random choice of as many units gives.</summary>
public static class RandomPartitioner
{
    /// <summary>Deals the clusters of each unit space out again at random, so that their sizes stay.</summary>
    /// <param name="graph">The graph that was partitioned.</param>
    /// <param name="clusterOfNode">Cluster of each node. Not changed.</param>
    /// <param name="seed">Seed of the draw.</param>
    /// <returns>Cluster of each node.</returns>
    public static int[] OfSameSizes(ImportanceGraph graph, int[] clusterOfNode, int seed)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(clusterOfNode);
        ArgumentOutOfRangeException.ThrowIfNotEqual(clusterOfNode.Length, graph.NodeCount);
        Random random = new(seed);
        int[] dealt = [.. clusterOfNode];
        foreach (var space in Enumerable.Range(0, graph.NodeCount).GroupBy(node => graph.Nodes[node].Space))
        {
            int[] nodes = [.. space], clusters = [.. nodes.Select(node => clusterOfNode[node])];
            random.Shuffle(clusters);
            for (int i = 0; i < nodes.Length; i++) dealt[nodes[i]] = clusters[i];
        }

        return dealt;
    }
}
