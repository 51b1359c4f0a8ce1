using System.Runtime.InteropServices;

namespace Dmkd.Core.Numerics;

/// <summary>
/// The linear assignment problem, solved exactly in O(n³) by shortest augmenting paths (Jonker and Volgenant 1987, in the form
/// of Crouse 2016).
/// </summary>
public static class LinearAssignment
{
    /// <summary>Largest magnitude of a cost; sums of such costs stay finite.</summary>
    public const double LargestCost = 1e300;

    /// <summary>Gives every row its own column so that the sum of the chosen costs is smallest.</summary>
    /// <param name="costs">Shape [n, n] with n at least 1, each at most <see cref="LargestCost"/> in magnitude. Not modified.</param>
    /// <returns>The column of each row; the same for the same costs, and for equal costs row i has column i.</returns>
    /// <exception cref="ArgumentException">The matrix is empty or not square, or a cost is too large or not a number; the message names it.</exception>
    public static int[] Minimise(double[,] costs) => new AssignmentSearch(Rows(costs, nameof(costs), 1), costs.GetLength(0)).Solve();

    /// <summary>Gives every row its own column so that the sum of the chosen values is largest.</summary>
    /// <param name="values">As the costs of <see cref="Minimise"/>.</param>
    /// <returns>As of <see cref="Minimise"/>.</returns>
    /// <exception cref="ArgumentException">As of <see cref="Minimise"/>.</exception>
    public static int[] Maximise(double[,] values) => new AssignmentSearch(Rows(values, nameof(values), -1), values.GetLength(0)).Solve();

    private static double[] Rows(double[,] matrix, string name, double sign)
    {
        ArgumentNullException.ThrowIfNull(matrix, name);
        int size = matrix.GetLength(0);
        if (size == 0 || matrix.GetLength(1) != size)
            throw new ArgumentException($"{name} must be [n, n] with n at least 1, but are [{size}, {matrix.GetLength(1)}].", name);
        double[] rows = new double[matrix.Length];
        var source = MemoryMarshal.CreateReadOnlySpan(ref matrix[0, 0], matrix.Length);
        for (int i = 0; i < rows.Length; i++)
        {
            if (!(Math.Abs(source[i]) <= LargestCost))
                throw new ArgumentException($"{name} must be finite and at most {LargestCost} in magnitude; [{i / size}, {i % size}] is {source[i]}.", name);
            rows[i] = sign * source[i];
        }

        return rows;
    }
}
