using static TorchSharp.torch;

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
