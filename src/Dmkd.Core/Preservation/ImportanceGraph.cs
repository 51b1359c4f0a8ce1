using Dmkd.Core.Models;

namespace Dmkd.Core.Preservation;

/// <summary>
/// One undirected graph over a whole network (proposal 3.2.2): the nodes are the units of all spaces, the edge between
/// two units weighs the importance <c>s_ij</c> of all parameters between them, whichever of the two they write to.
/// </summary>
/// <remarks>
/// Sparse, no tensors. An edge from a unit to itself (residual streams have them) says nothing about where to cut and
/// is left out; so are edges of weight 0.
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
    /// <exception cref="ArgumentOutOfRangeException">The scores between two units sum up to a negative or infinite
    /// number, or to none.</exception>
    public static ImportanceGraph Build(NetworkArchitecture architecture, ImportanceScores scores)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(scores);
        UnitNode[] nodes =
        [
            .. from space in architecture.UnitSpaces
            from unit in Enumerable.Range(0, space.Width)
            select new UnitNode(space.Name, unit),
        ];
        return new ImportanceGraph(
            nodes,
            SymmetricSparseMatrix.FromBlocks(nodes.Length, ImportanceBlocks.Of(architecture, scores))
        );
    }

    /// <summary>Builds a graph from its edges.</summary>
    /// <param name="nodes">The nodes, in the order in which the result numbers them.</param>
    /// <param name="edges">Pairs of node numbers with a finite weight of at least 0, in any order and direction;
    /// repeats add up.</param>
    /// <exception cref="ArgumentOutOfRangeException">A node number or a weight is out of range.</exception>
    public static ImportanceGraph FromEdges(
        IReadOnlyList<UnitNode> nodes,
        IEnumerable<(int First, int Second, double Weight)> edges
    )
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
        foreach (double weight in WeightsOf(node))
            degree += weight;
        return degree;
    }

    private static bool Check((int First, int Second, double Weight) edge, int nodeCount)
    {
        if (Math.Min(edge.First, edge.Second) < 0 || Math.Max(edge.First, edge.Second) >= nodeCount)
            throw new ArgumentOutOfRangeException(
                nameof(edge),
                (edge.First, edge.Second),
                $"An edge must join nodes in [0, {nodeCount})."
            );
        if (!double.IsFinite(edge.Weight) || edge.Weight < 0)
            throw new ArgumentOutOfRangeException(
                nameof(edge),
                edge.Weight,
                $"The edge between nodes {edge.First} and {edge.Second} must weigh a finite number of at least 0."
            );
        return true;
    }
}

/// <summary>One unit of a network: a node of the <see cref="ImportanceGraph"/> (proposal 3.2.2).</summary>
/// <param name="Space">Name of the unit space.</param>
/// <param name="Unit">Index in the space, in [0, width).</param>
public readonly record struct UnitNode(string Space, int Unit);
