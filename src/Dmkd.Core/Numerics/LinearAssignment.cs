using System.Runtime.InteropServices;

namespace Dmkd.Core.Numerics;

/// <summary>
/// The linear assignment problem, solved exactly in O(n³) by shortest augmenting paths (Jonker and Volgenant 1987, in
/// the form of Crouse 2016).
/// </summary>
public static class LinearAssignment
{
    /// <summary>Largest magnitude of a cost; sums of such costs stay finite.</summary>
    public const double MaxCost = 1e300;

    /// <summary>Gives every row its own column so that the sum of the chosen costs is smallest.</summary>
    /// <param name="costs">Shape [n, n] with n at least 1, each at most <see cref="MaxCost"/> in magnitude. Not
    /// modified.</param>
    /// <returns>The column of each row; the same for the same costs, and for equal costs row i has column i.</returns>
    /// <exception cref="ArgumentException">The matrix is empty or not square, or a cost is too large or not a number;
    /// the message names it.</exception>
    public static int[] Minimise(double[,] costs) =>
        new AssignmentSearch(Rows(costs, nameof(costs), 1), costs.GetLength(0)).Solve();

    /// <summary>Gives every row its own column so that the sum of the chosen values is largest.</summary>
    /// <param name="values">As the costs of <see cref="Minimise"/>.</param>
    /// <returns>As of <see cref="Minimise"/>.</returns>
    /// <exception cref="ArgumentException">As of <see cref="Minimise"/>.</exception>
    public static int[] Maximise(double[,] values) =>
        new AssignmentSearch(Rows(values, nameof(values), -1), values.GetLength(0)).Solve();

    private static double[] Rows(double[,] matrix, string name, double sign)
    {
        ArgumentNullException.ThrowIfNull(matrix, name);
        int size = matrix.GetLength(0);
        if (size == 0 || matrix.GetLength(1) != size)
            throw new ArgumentException(
                $"{name} must be [n, n] with n at least 1, but are [{size}, {matrix.GetLength(1)}].",
                name
            );
        double[] rows = new double[matrix.Length];
        var source = MemoryMarshal.CreateReadOnlySpan(ref matrix[0, 0], matrix.Length);
        for (int i = 0; i < rows.Length; i++)
        {
            if (!(Math.Abs(source[i]) <= MaxCost))
                throw new ArgumentException(
                    $"{name} must be finite and at most {MaxCost} in magnitude; [{i / size}, {i % size}] is {source[i]}.",
                    name
                );
            rows[i] = sign * source[i];
        }

        return rows;
    }
}

/// <summary>
/// One assignment problem being solved: the rows placed so far, the dual values that prove them optimal, and the search
/// for the next.
/// </summary>
/// <param name="costs">Shape [size, size], row by row, finite.</param>
/// <param name="size">Rows and columns, at least 1.</param>
internal sealed class AssignmentSearch(double[] costs, int size)
{
    private const int None = -1;
    private readonly double[] _rowDuals = new double[size];
    private readonly double[] _columnDuals = new double[size];
    private readonly double[] _distances = new double[size];
    private readonly int[] _columnOfRow = Unassigned(size);
    private readonly int[] _rowOfColumn = Unassigned(size);
    private readonly int[] _rowBefore = new int[size]; // on the shortest path to each column
    private readonly int[] _columns = new int[size]; // the columns still to be reached, then those reached

    /// <summary>Places one row after the other.</summary>
    /// <returns>The column of each row.</returns>
    public int[] Solve()
    {
        for (int row = 0; row < size; row++)
            Augment(row, NearestFreeColumn(row));
        return _columnOfRow;
    }

    // Dijkstra's search over reduced costs, which the dual values keep from being negative.
    private int NearestFreeColumn(int start)
    {
        for (int column = 0; column < size; column++)
            (_columns[column], _distances[column]) = (column, double.PositiveInfinity);
        int row = start;
        double reached = 0;
        for (int open = size; ; open--)
        {
            int nearest = Relax(row, reached, open),
                column = _columns[nearest];
            reached = _distances[column];
            if (_rowOfColumn[column] == None)
            {
                ShiftDuals(start, reached, open);
                return column;
            }

            (_columns[nearest], _columns[open - 1]) = (_columns[open - 1], column);
            row = _rowOfColumn[column];
        }
    }

    // Finds the shortest way to every open column by way of a row; the place of the nearest, of equally near ones of a
    // free one.
    private int Relax(int row, double reached, int open)
    {
        var rowCosts = costs.AsSpan(row * size, size);
        double offset = reached - _rowDuals[row],
            shortest = double.PositiveInfinity;
        int nearest = None;
        for (int place = 0; place < open; place++)
        {
            int column = _columns[place];
            double distance = offset + rowCosts[column] - _columnDuals[column];
            if (distance < _distances[column])
                (_distances[column], _rowBefore[column]) = (distance, row);
            distance = _distances[column];
            if (distance > shortest || (distance == shortest && (IsFree(_columns[nearest]) || !IsFree(column))))
                continue;
            (shortest, nearest) = (distance, place);
        }

        return nearest;
    }

    private void ShiftDuals(int start, double reached, int open)
    {
        _rowDuals[start] += reached;
        foreach (int column in _columns.AsSpan(open))
        {
            double shift = reached - _distances[column];
            _columnDuals[column] -= shift;
            _rowDuals[_rowOfColumn[column]] += shift;
        }
    }

    // Every row on the path moves on to the next column.
    private void Augment(int start, int column)
    {
        int row;
        do
        {
            row = _rowBefore[column];
            _rowOfColumn[column] = row;
            (column, _columnOfRow[row]) = (_columnOfRow[row], column);
        } while (row != start);
    }

    private bool IsFree(int column) => _rowOfColumn[column] == None;

    private static int[] Unassigned(int size)
    {
        int[] result = new int[size];
        Array.Fill(result, None);
        return result;
    }
}
