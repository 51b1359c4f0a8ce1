using Dmkd.Core.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Preservation;

/// <summary>
/// One undirected graph over a whole network (proposal 3.2.2): the nodes are the units of all spaces, the edge between two
/// units weighs the importance <c>s_ij</c> of all parameters between them, whichever of the two they write to.
/// </summary>
/// <remarks>
/// Sparse, no tensors. An edge from a unit to itself (residual streams have them) says nothing about where to cut and is left
/// out; so are edges of weight 0.
/// </remarks>
public sealed class ImportanceGraph
{
    private readonly SymmetricSparseMatrix _edges;

    private ImportanceGraph(IReadOnlyList<UnitNode> nodes, SymmetricSparseMatrix edges)
    {
        Nodes = nodes;
        _edges = edges;
    }

    /// <summary>The nodes: space by space in network order, units ascending.</summary>
    public IReadOnlyList<UnitNode> Nodes { get; }

    /// <summary>Number of nodes.</summary>
    public int NodeCount => Nodes.Count;

    /// <summary>Number of undirected edges.</summary>
    public int EdgeCount => _edges.EntryCount / 2;

    /// <summary>Joins the units of a network by the importance of the weights between them.</summary>
    /// <param name="architecture">Describes the network that was scored.</param>
    /// <param name="scores">Its scores. Borrowed.</param>
    public static ImportanceGraph Build(NetworkArchitecture architecture, ImportanceScores scores)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(scores);
        List<UnitNode> nodes = [];
        Dictionary<string, int> firstNode = new(StringComparer.Ordinal);
        foreach (var space in architecture.UnitSpaces)
        {
            firstNode.Add(space.Name, nodes.Count);
            nodes.AddRange(Enumerable.Range(0, space.Width).Select(unit => new UnitNode(space.Name, unit)));
        }

        return FromEdges(nodes, architecture.Weights.SelectMany(axes => EdgesOf(axes, scores, firstNode)));
    }

    /// <summary>Builds a graph from its edges.</summary>
    /// <param name="nodes">The nodes, in the order in which the result numbers them.</param>
    /// <param name="edges">Pairs of node numbers with a finite weight of at least 0, in any order and direction; repeats add up.</param>
    /// <exception cref="ArgumentOutOfRangeException">A node number or a weight is out of range.</exception>
    public static ImportanceGraph FromEdges(IReadOnlyList<UnitNode> nodes, IEnumerable<(int First, int Second, double Weight)> edges)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(edges);
        var kept = edges.Where(edge => Check(edge, nodes.Count) && edge.First != edge.Second && edge.Weight > 0);
        return new ImportanceGraph(nodes, SymmetricSparseMatrix.FromEntries(nodes.Count, kept));
    }

    /// <summary>The nodes joined to a node, ascending.</summary>
    public ReadOnlySpan<int> NeighboursOf(int node) => _edges.ColumnsOf(node);

    /// <summary>The weights of a node's edges, in the order of <see cref="NeighboursOf"/>.</summary>
    public ReadOnlySpan<double> WeightsOf(int node) => _edges.ValuesOf(node);

    /// <summary>The sum of the weights of a node's edges; 0 for an isolated node.</summary>
    public double DegreeOf(int node)
    {
        double degree = 0;
        foreach (double weight in WeightsOf(node)) degree += weight;
        return degree;
    }

    private static IEnumerable<(int First, int Second, double Weight)> EdgesOf(
        WeightAxes axes, ImportanceScores scores, Dictionary<string, int> firstNode)
    {
        if (axes.Columns is null || !firstNode.TryGetValue(axes.Rows.Space, out int row) || !firstNode.TryGetValue(axes.Columns.Space, out int column))
            yield break;
        var score = scores.Weights[axes.Name];
        int columns = (int)score.shape[1] / (axes.Columns.Outer * axes.Columns.Inner);
        double[] sums = SumOverPositions(score, axes.Rows, axes.Columns);
        for (int i = 0; i < sums.Length; i++) yield return (row + i / columns, column + i % columns, sums[i]);
    }

    private static double[] SumOverPositions(Tensor score, AxisUnits rows, AxisUnits columns)
    {
        using var scope = NewDisposeScope();
        long rowUnits = score.shape[0] / (rows.Outer * rows.Inner), columnUnits = score.shape[1] / (columns.Outer * columns.Inner);
        var split = score.reshape(rows.Outer, rowUnits, rows.Inner, columns.Outer, columnUnits, columns.Inner, -1);
        return TensorValues.ToDoubles(split.sum([0, 2, 3, 5, 6], type: float64));
    }

    private static bool Check((int First, int Second, double Weight) edge, int nodeCount)
    {
        if (Math.Min(edge.First, edge.Second) < 0 || Math.Max(edge.First, edge.Second) >= nodeCount)
            throw new ArgumentOutOfRangeException(nameof(edge), (edge.First, edge.Second), $"An edge must join nodes in [0, {nodeCount}).");
        if (!double.IsFinite(edge.Weight) || edge.Weight < 0)
            throw new ArgumentOutOfRangeException(nameof(edge), edge.Weight, $"The edge between nodes {edge.First} and {edge.Second} must weigh a finite number of at least 0.");
        return true;
    }
}
