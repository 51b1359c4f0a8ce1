using System.ComponentModel.DataAnnotations;

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

/// <summary>How a network is partitioned (proposal 3.2.2).</summary>
public sealed class SpectralOptions
{
    /// <summary>Gets or sets the seed of the k-means starts. Default: 0.</summary>
    public int Seed { get; set; }

    /// <summary>Gets or sets the number of k-means starts, of which the tightest is kept. Default: 10.</summary>
    [Range(1, 1000)]
    public int Restarts { get; set; } = 10;

    /// <summary>Gets or sets the most k-means iterations of one start. Default: 100.</summary>
    [Range(1, 10_000)]
    public int MaxIterations { get; set; } = 100;

    /// <summary>
    /// Gets or sets whether the eigenvectors are sought among those that are balanced within each space (mean 0,
    /// weighted by degree), so that clusters run through the layers as experts do. False is the proposal to the letter;
    /// on a trained convnet its cheapest cut ran between layers. With several clusters some may still miss a layer:
    /// unit selection fills it. Default: true.
    /// </summary>
    public bool SplitEverySpace { get; set; } = true;

    /// <summary>
    /// Gets or sets whether the units of every space are dealt out to the clusters evenly, each to the nearest centre
    /// that has room, so that a cluster is a set of channels in every layer, as the proposal says. K-means alone leaves
    /// one cluster of a trained ResNet-20 with nine tenths of the importance of every class. Default: false.
    /// </summary>
    public bool BalanceSpaces { get; set; }
}

/// <summary>
/// Makes every cluster a sub-network of all layers: the units of each space are dealt out to the clusters evenly, each
/// to the nearest centre that still has room.
/// </summary>
internal static class SpaceBalancer
{
    /// <summary>Deals out.</summary>
    /// <param name="spaces">Space of each point.</param>
    /// <param name="points">Points of one dimension.</param>
    /// <param name="labels">What k-means gave each point, in [0, clusters).</param>
    /// <param name="clusters">Number of clusters.</param>
    /// <returns>The cluster of each point; in a space of n points every cluster has ⌊n/clusters⌋ or
    /// ⌈n/clusters⌉.</returns>
    public static int[] Balance(IReadOnlyList<string> spaces, double[][] points, int[] labels, int clusters)
    {
        double[][] centres = KMeans.Centres(points, labels, clusters);
        int[] balanced = new int[points.Length];
        int extra = 0; // the clusters take turns at the units that are left over
        foreach (var space in Enumerable.Range(0, points.Length).GroupBy(point => spaces[point]))
        {
            int[] members = [.. space];
            int[] room = new int[clusters];
            Array.Fill(room, members.Length / clusters);
            for (int left = members.Length % clusters; left > 0; left--)
                room[extra++ % clusters]++;
            Deal(members, points, centres, room, balanced);
        }

        return balanced;
    }

    // The pairs by distance: who is surest of its cluster is dealt first. Ties go by number.
    private static void Deal(int[] members, double[][] points, double[][] centres, int[] room, int[] balanced)
    {
        bool[] dealt = new bool[members.Length];
        var pairs = members
            .Index()
            .SelectMany(member =>
                Enumerable
                    .Range(0, centres.Length)
                    .Select(cluster =>
                        (
                            member.Index,
                            Cluster: cluster,
                            Regret: KMeans.SquaredDistance(points[member.Item], centres[cluster])
                                - Others(points[member.Item], centres, cluster)
                        )
                    )
            );
        foreach (
            var (index, cluster, _) in pairs
                .OrderBy(pair => pair.Regret)
                .ThenBy(pair => pair.Index)
                .ThenBy(pair => pair.Cluster)
        )
        {
            if (dealt[index] || room[cluster] == 0)
                continue;
            dealt[index] = true;
            room[cluster]--;
            balanced[members[index]] = cluster;
        }
    }

    private static double Others(double[] point, double[][] centres, int cluster) =>
        Enumerable
            .Range(0, centres.Length)
            .Where(other => other != cluster)
            .Min(other => KMeans.SquaredDistance(point, centres[other]));
}
