using static TorchSharp.torch;

namespace Dmkd.Core.Preservation;

/// <summary>The symmetric normalised Laplacian <c>I - D^-1/2 A D^-1/2</c> of a graph, eigenvalues in [0, 2].</summary>
internal static class NormalisedLaplacian
{
    // A dense solve takes 0.1 s for 500 nodes and 4 s for 2,000, and grows by the cube.
    private const int MaxNodesSolvedDensely = 1_500;

    /// <summary>The eigenvectors of the smallest eigenvalues.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="count">How many, in [1, nodes].</param>
    /// <param name="splitEverySpace">Whether to leave out the directions that tell spaces apart, see
    /// <see cref="SpectralOptions.SplitEverySpace"/>.</param>
    /// <returns> Shape [nodes][count], eigenvalues ascending. Each vector's entry of largest magnitude is positive. An
    /// isolated node counts as an eigenvector of eigenvalue 2, so that it never displaces one of the connected part.
    /// </returns>
    /// <remarks>
    /// Dense and exact up to 1,500 nodes; by <see cref="KrylovEigenSolver"/> on the sparse rows above. Equal for any
    /// number of torch threads: as a lane does, it uses one, since a matrix product adds in another order on two.
    /// </remarks>
    public static double[][] SmallestEigenvectors(ImportanceGraph graph, int count, bool splitEverySpace) =>
        SmallestEigenvectors(graph, count, splitEverySpace, graph.NodeCount <= MaxNodesSolvedDensely);

    internal static double[][] SmallestEigenvectors(
        ImportanceGraph graph,
        int count,
        bool splitEverySpace,
        bool densely
    )
    {
        int threads = get_num_threads();
        if (threads == 1)
            return Solve(graph, count, splitEverySpace, densely);
        try
        {
            set_num_threads(1);
            return Solve(graph, count, splitEverySpace, densely);
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    private static double[][] Solve(ImportanceGraph graph, int count, bool splitEverySpace, bool densely)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        double[] roots = [.. Enumerable.Range(0, graph.NodeCount).Select(node => Math.Sqrt(graph.DegreeOf(node)))];
        var vectors = densely
            ? SolveDensely(graph, roots, splitEverySpace).narrow(1, 0, count)
            : SolveSparsely(graph, roots, count, splitEverySpace);
        double[][] rows = [.. TensorValues.ToDoubles(vectors).Chunk(count)];
        for (int column = 0; column < count; column++)
            FixSign(rows, column);
        return rows;
    }

    private static Tensor SolveDensely(ImportanceGraph graph, double[] roots, bool splitEverySpace)
    {
        var laplacian = tensor(Dense(graph, roots), [roots.Length, roots.Length]);
        if (splitEverySpace)
            laplacian = WithoutSpaces(laplacian, graph, roots);
        return linalg.eigh(laplacian).Item2;
    }

    private static Tensor SolveSparsely(ImportanceGraph graph, double[] roots, int count, bool splitEverySpace)
    {
        var spaces = splitEverySpace ? Spaces(graph, roots) : null;
        var whole = splitEverySpace ? Columns(new string[roots.Length], roots) : null;
        LaplacianOperator laplacian = new(graph, roots, spaces, whole);
        return KrylovEigenSolver.SmallestEigenvectors(laplacian.Apply, roots.Length, count);
    }

    private static double[] Dense(ImportanceGraph graph, double[] roots)
    {
        int size = graph.NodeCount;
        double[] matrix = new double[checked(size * size)];
        for (int node = 0; node < size; node++)
        {
            matrix[node * size + node] = roots[node] > 0 ? 1 : 2;
            var neighbours = graph.NeighboursOf(node);
            var weights = graph.WeightsOf(node);
            for (int i = 0; i < neighbours.Length; i++)
                matrix[node * size + neighbours[i]] = -weights[i] / roots[node] / roots[neighbours[i]];
        }

        return matrix;
    }

    // With orthonormal U, one column D^1/2 1_space for each space, and u0 = D^1/2 1, the eigenvector of eigenvalue 0: P
    // L P + 2 (U U' - u0 u0') with P = I - U U' moves all of U's span but u0 to the upper end of the spectrum.
    private static Tensor WithoutSpaces(Tensor laplacian, ImportanceGraph graph, double[] roots)
    {
        var spaces = Spaces(graph, roots);
        var whole = Columns(new string[roots.Length], roots);
        var image = laplacian.mm(spaces);
        var inside = spaces.mm(spaces.t().mm(image));
        return laplacian
            - spaces.mm(image.t())
            - (image - inside).mm(spaces.t())
            + 2 * (spaces.mm(spaces.t()) - whole.mm(whole.t()));
    }

    private static Tensor Spaces(ImportanceGraph graph, double[] roots) =>
        Columns([.. graph.Nodes.Select(node => node.Space)], roots);

    private static Tensor Columns(string?[] groupOfNode, double[] roots)
    {
        string?[] groups = [.. groupOfNode.Distinct()];
        double[] matrix = new double[roots.Length * groups.Length];
        for (int node = 0; node < roots.Length; node++)
            matrix[node * groups.Length + Array.IndexOf(groups, groupOfNode[node])] = roots[node];
        var columns = tensor(matrix, [roots.Length, groups.Length]);
        // a space without edges keeps a column of zeros
        return columns / columns.norm(0, true).clamp_min(double.Epsilon);
    }

    // An eigenvector's sign is arbitrary and may differ between machines.
    private static void FixSign(double[][] rows, int column)
    {
        double largest = rows.Select(row => row[column]).MaxBy(Math.Abs);
        if (largest >= 0)
            return;
        foreach (double[] row in rows)
            row[column] = -row[column];
    }
}
