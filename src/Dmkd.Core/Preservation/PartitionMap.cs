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
