namespace Dmkd.Core.Numerics;

/// <summary>One assignment problem being solved: the rows placed so far, the dual values that prove them optimal, and the search for the next.</summary>
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
        for (int row = 0; row < size; row++) Augment(row, NearestFreeColumn(row));
        return _columnOfRow;
    }

    // Dijkstra's search over reduced costs, which the dual values keep from being negative.
    private int NearestFreeColumn(int start)
    {
        for (int column = 0; column < size; column++) (_columns[column], _distances[column]) = (column, double.PositiveInfinity);
        int row = start;
        double reached = 0;
        for (int open = size; ; open--)
        {
            int nearest = Relax(row, reached, open), column = _columns[nearest];
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

    // Finds the shortest way to every open column by way of a row; the place of the nearest, of equally near ones of a free one.
    private int Relax(int row, double reached, int open)
    {
        var rowCosts = costs.AsSpan(row * size, size);
        double offset = reached - _rowDuals[row], shortest = double.PositiveInfinity;
        int nearest = None;
        for (int place = 0; place < open; place++)
        {
            int column = _columns[place];
            double distance = offset + rowCosts[column] - _columnDuals[column];
            if (distance < _distances[column]) (_distances[column], _rowBefore[column]) = (distance, row);
            distance = _distances[column];
            if (distance > shortest || (distance == shortest && (IsFree(_columns[nearest]) || !IsFree(column)))) continue;
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
        }
        while (row != start);
    }

    private bool IsFree(int column) => _rowOfColumn[column] == None;

    private static int[] Unassigned(int size)
    {
        int[] result = new int[size];
        Array.Fill(result, None);
        return result;
    }
}
