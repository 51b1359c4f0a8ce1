using System.Collections.Concurrent;
using System.Numerics;
using static TorchSharp.torch;

namespace Dmkd.Core.Preservation;

/// <summary>Applies a graph's normalised Laplacian to blocks of vectors from the graph's sparse rows, without ever making the matrix.</summary>
/// <remarks>
/// Rows are spread over threads; torch stays on the calling one. Each row is summed by one thread in the order of its edges, so that
/// the result does not depend on their number.
/// </remarks>
internal sealed class LaplacianOperator
{
    // Rows have very different lengths: enough parts to balance, few enough to cost nothing.
    private const int RowsPerPart = 64;

    // Two registers: the sums of as many columns stay there while a row's edges pass by once.
    private static readonly int ColumnsPerPass = 2 * Vector<double>.Count;

    private readonly ImportanceGraph _graph;
    private readonly double[] _inverseRoots;
    private readonly Tensor? _spaces;
    private readonly Tensor? _whole;
    private readonly ParallelOptions _threads;

    /// <summary>Starts an operator.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="roots">Square roots of its degrees.</param>
    /// <param name="spaces">Orthonormal columns to move to the upper end of the spectrum, shape [nodes, spaces], or null for none. Borrowed.</param>
    /// <param name="whole">The part of their span that stays where it is, shape [nodes, 1]. Borrowed.</param>
    /// <param name="threads">Most threads to use, at least 1, or -1 for one per core.</param>
    public LaplacianOperator(ImportanceGraph graph, double[] roots, Tensor? spaces, Tensor? whole, int threads = -1)
    {
        _graph = graph;
        _inverseRoots = [.. roots.Select(root => root > 0 ? 1 / root : 0)];
        (_spaces, _whole) = (spaces, whole);
        _threads = new ParallelOptions { MaxDegreeOfParallelism = threads };
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
        int nodes = _inverseRoots.Length, width = (int)block.shape[1], stride = (width + ColumnsPerPass - 1) / ColumnsPerPass * ColumnsPerPass;
        double[] source = TensorValues.ToDoubles(block), target = new double[source.Length], scaled = new double[nodes * stride];
        for (int node = 0; node < nodes; node++)
        {
            for (int i = 0; i < width; i++) scaled[node * stride + i] = source[node * width + i] * _inverseRoots[node];
        }

        Parallel.ForEach(Partitioner.Create(0, nodes, RowsPerPart), _threads, part =>
        {
            double[] sum = new double[stride];
            for (int node = part.Item1; node < part.Item2; node++)
            {
                SumNeighbours(node, scaled, sum);
                double factor = _inverseRoots[node], own = factor > 0 ? 1 : 2;
                for (int i = node * width; i < (node + 1) * width; i++) target[i] = own * source[i] - factor * sum[i - node * width];
            }
        });
        return tensor(target, [nodes, width]);
    }

    private void SumNeighbours(int node, double[] block, double[] sum)
    {
        var neighbours = _graph.NeighboursOf(node);
        var weights = _graph.WeightsOf(node)[..neighbours.Length];
        for (int column = 0; column < sum.Length; column += ColumnsPerPass)
        {
            Vector<double> left = default, right = default;
            for (int edge = 0; edge < neighbours.Length; edge++)
            {
                var weight = Vector.Create(weights[edge]);
                int position = neighbours[edge] * sum.Length + column;
                left = Vector.FusedMultiplyAdd(weight, new(block, position), left);
                right = Vector.FusedMultiplyAdd(weight, new(block, position + Vector<double>.Count), right);
            }

            left.CopyTo(sum, column);
            right.CopyTo(sum, column + Vector<double>.Count);
        }
    }
}
