namespace Dmkd.Core.Preservation;

/// <summary>How the legacy network's units are divided among experts.</summary>
public enum PartitionStrategy
{
    /// <summary>Spectral clustering of the importance graph (proposal 3.2.2).</summary>
    [Named("spectral", "spectral clustering of the importance graph", Order = 1)]
    Spectral,

    /// <summary>A control: clusters as large as the spectral ones in every space, of units drawn at random.</summary>
    [Named("random", "a control: clusters of the same sizes, drawn at random", Order = 2)]
    Random,

    /// <summary>
    /// No clusters: each expert takes the units most important to its classes, which experts may share.
    /// </summary>
    [Named("importance", "no clusters: each expert takes the units most important to its classes", Order = 3)]
    Importance,
}

/// <summary>How classes are shared out among experts where the user does not say.</summary>
public enum GroupingStrategy
{
    /// <summary>Classes that the legacy model confuses go to one expert (docs/adr/0013).</summary>
    [Named("similarity", "classes that the model confuses go to one expert", Order = 1)]
    Similarity,

    /// <summary>Every class goes to the cluster that holds most of its importance, balanced (proposal 3.2.2).</summary>
    [Named("importance", "every class goes to the cluster that holds most of its importance", Order = 2)]
    Importance,
}

/// <summary>How the importance of a weight is measured.</summary>
public enum ImportanceMeasure
{
    /// <summary><c>|W| · mean |∇L|</c> (proposal 3.2.1).</summary>
    [Named("gradient", "the weight times its mean gradient", Order = 1)]
    Gradient,

    /// <summary>A control: <c>|W|</c> alone.</summary>
    [Named("magnitude", "a control: the weight alone", Order = 2)]
    Magnitude,
}

/// <summary>The ways to preserve, by name.</summary>
public static class PreservationWays
{
    /// <summary>How units are divided.</summary>
    public static Registry<PartitionStrategy> Partitions { get; } = new("partition");

    /// <summary>How classes are shared out.</summary>
    public static Registry<GroupingStrategy> Groupings { get; } = new("grouping");

    /// <summary>How importance is measured.</summary>
    public static Registry<ImportanceMeasure> Measures { get; } = new("importance");
}

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
            int[] nodes = [.. space],
                clusters = [.. nodes.Select(node => clusterOfNode[node])];
            random.Shuffle(clusters);
            for (int i = 0; i < nodes.Length; i++)
                dealt[nodes[i]] = clusters[i];
        }

        return dealt;
    }
}
