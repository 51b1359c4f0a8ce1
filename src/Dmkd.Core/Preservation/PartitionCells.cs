namespace Dmkd.Core.Preservation;

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
