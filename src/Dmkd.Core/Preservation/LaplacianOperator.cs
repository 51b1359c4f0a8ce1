using System.Numerics;
using static TorchSharp.torch;

namespace Dmkd.Core.Preservation;

/// <summary>Applies a graph's normalised Laplacian to blocks of vectors from the graph's sparse rows, without ever making the matrix.</summary>
internal sealed class LaplacianOperator
{
    private readonly ImportanceGraph _graph;
    private readonly double[] _inverseRoots;
    private readonly Tensor? _spaces;
    private readonly Tensor? _whole;

    /// <summary>Starts an operator.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="roots">Square roots of its degrees.</param>
    /// <param name="spaces">Orthonormal columns to move to the upper end of the spectrum, shape [nodes, spaces], or null for none. Borrowed.</param>
    /// <param name="whole">The part of their span that stays where it is, shape [nodes, 1]. Borrowed.</param>
    public LaplacianOperator(ImportanceGraph graph, double[] roots, Tensor? spaces, Tensor? whole)
    {
        _graph = graph;
        _inverseRoots = [.. roots.Select(root => root > 0 ? 1 / root : 0)];
        (_spaces, _whole) = (spaces, whole);
    }

    /// <summary>Multiplies.</summary>
    /// <param name="block">Shape [nodes, vectors], float64. Borrowed.</param>
    /// <returns>Of the same shape, owned by the caller.</returns>
    public Tensor Apply(Tensor block)
    {
        using var scope = NewDisposeScope();
        if (_spaces is null || _whole is null) return Laplacian(block).MoveToOuterDisposeScope();
        var inside = _spaces.mm(_spaces.t().mm(block));
        var image = Laplacian(block - inside);
        image -= _spaces.mm(_spaces.t().mm(image));
        return (image + 2 * (inside - _whole.mm(_whole.t().mm(block)))).MoveToOuterDisposeScope();
    }

    // x - D^-1/2 A D^-1/2 x; an isolated node's eigenvalue is 2.
    private Tensor Laplacian(Tensor block)
    {
        int width = (int)block.shape[1];
        double[] source = TensorValues.ToDoubles(block), target = new double[source.Length], scaled = new double[source.Length];
        for (int node = 0; node < _inverseRoots.Length; node++)
        {
            for (int i = node * width; i < (node + 1) * width; i++) scaled[i] = source[i] * _inverseRoots[node];
        }

        for (int node = 0; node < _inverseRoots.Length; node++)
        {
            var sum = target.AsSpan(node * width, width);
            AddNeighbours(node, scaled, sum);
            double factor = _inverseRoots[node], own = factor > 0 ? 1 : 2;
            for (int i = 0; i < width; i++) sum[i] = own * source[node * width + i] - factor * sum[i];
        }

        return tensor(target, [_inverseRoots.Length, width]);
    }

    // Some columns at a time: their sums stay in a register while the node's edges pass by.
    private void AddNeighbours(int node, double[] block, Span<double> sum)
    {
        var neighbours = _graph.NeighboursOf(node);
        var weights = _graph.WeightsOf(node)[..neighbours.Length];
        int width = sum.Length, column = 0;
        for (; column + Vector<double>.Count <= width; column += Vector<double>.Count)
        {
            var sums = Vector<double>.Zero;
            for (int edge = 0; edge < neighbours.Length; edge++) sums += new Vector<double>(block, neighbours[edge] * width + column) * weights[edge];
            sums.CopyTo(sum[column..]);
        }

        for (; column < width; column++)
        {
            for (int edge = 0; edge < neighbours.Length; edge++) sum[column] += block[neighbours[edge] * width + column] * weights[edge];
        }
    }
}
