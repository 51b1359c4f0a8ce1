namespace Dmkd.Core.Preservation;

/// <summary>
/// A partition in a size that can be shown (proposal 3.2.2): the importance graph's adjacency matrix, its units ordered
/// by cluster and gathered into cells, and where the importance of every class lies.
/// </summary>
/// <remarks>
/// Units are ordered by cluster, then by space in the graph's order, then by unit. Every cluster begins a new cell; the
/// units of a cluster are spread evenly over its cells. While they fit, every unit has a cell of its own. A good
/// partition has its weight in blocks along the diagonal, and one large share in the column of each class.
/// </remarks>
public sealed record PartitionMap
{
    /// <summary>Number of cells per side.</summary>
    public required int Size { get; init; }

    /// <summary>
    /// The mean weight of the edges between the units of two cells, an absent edge counting 0 and a unit with itself
    /// not counting; shape [Size, Size], row by row, symmetric.
    /// </summary>
    public required IReadOnlyList<float> Adjacency { get; init; }

    /// <summary>
    /// First cell of each cluster, ascending. A cluster without units has no cell: its start is the next one's, or
    /// <see cref="Size"/>.
    /// </summary>
    public required IReadOnlyList<int> ClusterStarts { get; init; }

    /// <summary>
    /// Share of every class's unit importance that lies in each cluster, shape [clusters, classes]; columns sum to 1
    /// (to 0 for a class of no importance).
    /// </summary>
    public required double[,] ClassShares { get; init; }

    /// <summary>Gathers a partition into cells.</summary>
    /// <param name="graph">The graph that was partitioned.</param>
    /// <param name="clusterOfNode">Cluster of each node, in [0, clusterCount).</param>
    /// <param name="clusterCount">Number of clusters <c>K</c>, at least 1.</param>
    /// <param name="scores">Importance of the units per class. Borrowed.</param>
    /// <param name="maxCells">Cells per side that may be used, at least the number of clusters that have units.</param>
    /// <exception cref="ArgumentException">A number is out of range, or there is not one cluster for each
    /// node.</exception>
    public static PartitionMap Of(
        ImportanceGraph graph,
        int[] clusterOfNode,
        int clusterCount,
        ImportanceScores scores,
        int maxCells = 256
    )
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(clusterOfNode);
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentOutOfRangeException.ThrowIfLessThan(clusterCount, 1);
        if (
            clusterOfNode.Length != graph.NodeCount
            || clusterOfNode.Any(cluster => cluster < 0 || cluster >= clusterCount)
        )
            throw new ArgumentException(
                $"There must be a cluster in [0, {clusterCount}) for each of {graph.NodeCount} nodes.",
                nameof(clusterOfNode)
            );
        var cells = PartitionCells.Of(graph, clusterOfNode, clusterCount, maxCells);
        return new PartitionMap
        {
            Size = cells.Count,
            Adjacency = MeanWeights(graph, cells),
            ClusterStarts = cells.ClusterStarts,
            ClassShares = Transpose(ClassAssignment.Shares(scores, graph, clusterOfNode, clusterCount)),
        };
    }

    private static float[] MeanWeights(ImportanceGraph graph, PartitionCells cells)
    {
        double[] sums = new double[cells.Count * cells.Count];
        for (int node = 0; node < graph.NodeCount; node++)
        {
            var neighbours = graph.NeighboursOf(node);
            var weights = graph.WeightsOf(node);
            int row = cells.CellOfNode[node] * cells.Count;
            for (int i = 0; i < neighbours.Length; i++)
                sums[row + cells.CellOfNode[neighbours[i]]] += weights[i];
        }

        return
        [
            .. sums.Select((sum, i) => (float)(sum / Math.Max(1, PairsOf(cells, i / cells.Count, i % cells.Count)))),
        ];
    }

    /// <summary>Pairs of different units, in both orders: an edge within a cell is met from both of its ends.</summary>
    private static long PairsOf(PartitionCells cells, int row, int column) =>
        (long)cells.UnitCounts[row] * (cells.UnitCounts[column] - (row == column ? 1 : 0));

    private static double[,] Transpose(double[,] values)
    {
        double[,] result = new double[values.GetLength(1), values.GetLength(0)];
        for (int row = 0; row < values.GetLength(0); row++)
        {
            for (int column = 0; column < values.GetLength(1); column++)
                result[column, row] = values[row, column];
        }

        return result;
    }
}

/// <summary>Which cell of a <see cref="PartitionMap"/> each unit is in.</summary>
/// <param name="CellOfNode">The cell of each node.</param>
/// <param name="UnitCounts">Number of units of each cell, at least 1.</param>
/// <param name="ClusterStarts">First cell of each cluster.</param>
internal sealed record PartitionCells(int[] CellOfNode, int[] UnitCounts, int[] ClusterStarts)
{
    /// <summary>Number of cells.</summary>
    public int Count => UnitCounts.Length;

    /// <summary>Spreads the units over at most <paramref name="maxCells"/> cells.</summary>
    public static PartitionCells Of(ImportanceGraph graph, int[] clusterOfNode, int clusterCount, int maxCells)
    {
        int[][] members = Members(graph, clusterOfNode, clusterCount);
        int unitsPerCell = UnitsPerCell([.. members.Select(units => units.Length)], maxCells);
        int[] cellOfNode = new int[graph.NodeCount],
            starts = new int[clusterCount];
        List<int> counts = [];
        for (int cluster = 0; cluster < clusterCount; cluster++)
        {
            starts[cluster] = counts.Count;
            int cells = Cells(members[cluster].Length, unitsPerCell);
            counts.AddRange(new int[cells]);
            for (int i = 0; i < members[cluster].Length; i++)
            {
                int cell = starts[cluster] + (int)((long)i * cells / members[cluster].Length);
                cellOfNode[members[cluster][i]] = cell;
                counts[cell]++;
            }
        }

        return new PartitionCells(cellOfNode, [.. counts], starts);
    }

    /// <summary>The nodes of each cluster, by space and then by unit.</summary>
    private static int[][] Members(ImportanceGraph graph, int[] clusterOfNode, int clusterCount)
    {
        Dictionary<string, int> spaces = new(StringComparer.Ordinal);
        foreach (var node in graph.Nodes)
            spaces.TryAdd(node.Space, spaces.Count);
        int[] ordered =
        [
            .. Enumerable
                .Range(0, graph.NodeCount)
                .OrderBy(node => spaces[graph.Nodes[node].Space])
                .ThenBy(node => graph.Nodes[node].Unit),
        ];
        var byCluster = ordered.ToLookup(node => clusterOfNode[node]);
        return [.. Enumerable.Range(0, clusterCount).Select(cluster => byCluster[cluster].ToArray())];
    }

    /// <summary>The smallest number of units in a cell with which all clusters fit.</summary>
    private static int UnitsPerCell(int[] clusterSizes, int maxCells)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxCells, clusterSizes.Count(size => size > 0));
        int units = 1;
        while (clusterSizes.Sum(size => Cells(size, units)) > maxCells)
            units++;
        return units;
    }

    private static int Cells(int units, int unitsPerCell) => (units + unitsPerCell - 1) / unitsPerCell;
}

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
