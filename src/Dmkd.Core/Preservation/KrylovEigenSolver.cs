using System.Collections.Concurrent;
using System.Numerics;
using static TorchSharp.torch;

namespace Dmkd.Core.Preservation;

/// <summary>
/// Smallest eigenvectors of a large symmetric operator: block Lanczos with full re-orthogonalisation, as Rayleigh-Ritz
/// on a basis that grows by the residuals and restarts from its best Ritz vectors (Stathopoulos and Saad 1998). A block
/// finds repeated eigenvalues.
/// </summary>
internal static class KrylovEigenSolver
{
    private const int GuardVectors = 4;
    private const int BlocksPerRestart = 12;
    private const int MaxSteps = 100;
    private const ulong Seed = 1;

    // A square length; what is left of a vector of length 1 below it is mostly rounding error.
    private const double Negligible = 1e-12;

    /// <summary>
    /// Finds eigenvectors. After 100 blocks the best known ones are returned: where that is not enough, no gap
    /// separates the wanted eigenvalues from the next, and no partition would be much better than another.
    /// </summary>
    /// <param name="apply">Multiplies a borrowed block [size, vectors] of float64; its result is the caller's.
    /// Eigenvalues in [0, 2].</param>
    /// <param name="size">Rows of the operator.</param>
    /// <param name="count">How many eigenvectors, in [1, size].</param>
    /// <param name="tolerance">Length of the residual <c>Ax - θx</c> at which an eigenvector <c>x</c> of length 1 is
    /// taken as found.</param>
    /// <returns>Shape [size, count], orthonormal, eigenvalues ascending. Owned by the caller. Equal in every
    /// run.</returns>
    public static Tensor SmallestEigenvectors(Func<Tensor, Tensor> apply, int size, int count, double tolerance = 1e-6)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var generator = new Generator(Seed);
        int block = Math.Min(count + GuardVectors, size);
        var basis =
            Orthonormal(randn([size, block], float64, generator: generator), null)
            ?? throw new InvalidOperationException("The random start block has no rank.");
        var image = apply(basis);
        var projected = basis.t().mm(image);
        for (int step = 0; ; step++)
        {
            using var stepScope = NewDisposeScope();
            var (values, rotation) = linalg.eigh(projected);
            var ritz = basis.mm(rotation.narrow(1, 0, block));
            var residual = image.mm(rotation.narrow(1, 0, block)) - ritz * values.narrow(0, 0, block);
            double[] lengths = TensorValues.ToDoubles(residual.norm(0));
            var next =
                lengths.Take(count).Max() <= tolerance || step == MaxSteps
                    ? null
                    : Orthonormal(residual.index_select(1, Unfinished(lengths, tolerance)), basis);
            if (next is null)
                return ritz.narrow(1, 0, count).contiguous().MoveToOuterDisposeScope().MoveToOuterDisposeScope();
            bool restart = basis.shape[1] + block > BlocksPerRestart * block;
            var kept = restart ? rotation.narrow(1, 0, 2 * block) : null;
            var nextImage = apply(next);
            (basis, image) = (Grow(basis, kept, next), Grow(image, kept, nextImage));
            projected = Border(
                projected,
                restart ? diag(values.narrow(0, 0, 2 * block)) : projected,
                basis.t().mm(nextImage)
            );
        }
    }

    // Disposes what it replaces: the solver's scope would keep one basis for every step.
    private static Tensor Grow(Tensor whole, Tensor? kept, Tensor columns)
    {
        using (whole)
            return cat([kept is null ? whole : whole.mm(kept), columns], 1).MoveToOuterDisposeScope();
    }

    // Only the new columns of B'AB are multiplied out; the others are known, and on a restart they are the Ritz values.
    private static Tensor Border(Tensor replaced, Tensor known, Tensor columns)
    {
        using (replaced)
        {
            long size = known.shape[0];
            var above = columns.narrow(0, 0, size);
            return cat([cat([known, above.t()], 0), columns], 1).MoveToOuterDisposeScope();
        }
    }

    private static Tensor Unfinished(double[] lengths, double tolerance) =>
        tensor(
            Enumerable.Range(0, lengths.Length).Where(i => lengths[i] > tolerance / 10).Select(i => (long)i).ToArray()
        );

    // Stathopoulos and Wu 2002 (SVQB), twice; null where nothing is left.
    private static Tensor? Orthonormal(Tensor block, Tensor? basis)
    {
        for (int pass = 0; pass < 3; pass++)
        {
            block = block / block.norm(0, true).clamp_min(double.Epsilon);
            if (basis is not null)
                block -= basis.mm(basis.t().mm(block));
            var (values, vectors) = linalg.eigh(block.t().mm(block));
            long[] kept =
            [
                .. TensorValues.ToDoubles(values).Index().Where(v => v.Item > Negligible).Select(v => (long)v.Index),
            ];
            if (kept.Length == 0)
                return null;
            block = block.mm(vectors.index_select(1, tensor(kept)) / values.index_select(0, tensor(kept)).sqrt());
        }

        return block;
    }
}

/// <summary>
/// Applies a graph's normalised Laplacian to blocks of vectors from the graph's sparse rows, without ever making the
/// matrix.
/// </summary>
/// <remarks>
/// Rows are spread over threads; torch stays on the calling one. Each row is summed by one thread in the order of its
/// edges, so that the result does not depend on their number.
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
    /// <param name="spaces">Orthonormal columns to move to the upper end of the spectrum, shape [nodes, spaces], or
    /// null for none. Borrowed.</param>
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
        if (_spaces is null || _whole is null)
            return Laplacian(block).MoveToOuterDisposeScope();
        var inside = _spaces.mm(_spaces.t().mm(block));
        var image = Laplacian(block - inside);
        image -= _spaces.mm(_spaces.t().mm(image));
        return (image + 2 * (inside - _whole.mm(_whole.t().mm(block)))).MoveToOuterDisposeScope();
    }

    // x - D^-1/2 A D^-1/2 x; an isolated node's eigenvalue is 2.
    private Tensor Laplacian(Tensor block)
    {
        int nodes = _inverseRoots.Length,
            width = (int)block.shape[1],
            stride = (width + ColumnsPerPass - 1) / ColumnsPerPass * ColumnsPerPass;
        double[] source = TensorValues.ToDoubles(block),
            target = new double[source.Length],
            scaled = new double[nodes * stride];
        for (int node = 0; node < nodes; node++)
        {
            for (int i = 0; i < width; i++)
                scaled[node * stride + i] = source[node * width + i] * _inverseRoots[node];
        }

        Parallel.ForEach(
            Partitioner.Create(0, nodes, RowsPerPart),
            _threads,
            part =>
            {
                double[] sum = new double[stride];
                for (int node = part.Item1; node < part.Item2; node++)
                {
                    SumNeighbours(node, scaled, sum);
                    double factor = _inverseRoots[node],
                        own = factor > 0 ? 1 : 2;
                    for (int i = node * width; i < (node + 1) * width; i++)
                        target[i] = own * source[i] - factor * sum[i - node * width];
                }
            }
        );
        return tensor(target, [nodes, width]);
    }

    private void SumNeighbours(int node, double[] block, double[] sum)
    {
        var neighbours = _graph.NeighboursOf(node);
        var weights = _graph.WeightsOf(node)[..neighbours.Length];
        for (int column = 0; column < sum.Length; column += ColumnsPerPass)
        {
            Vector<double> left = default,
                right = default;
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
