namespace Dmkd.Core.Preservation;

/// <summary>A symmetric matrix with an empty diagonal in compressed sparse rows.</summary>
internal sealed partial class SymmetricSparseMatrix
{
    private readonly int[] _rowStarts;
    private readonly int[] _columns;
    private readonly double[] _values;

    private SymmetricSparseMatrix(int[] rowStarts, int[] columns, double[] values)
    {
        _rowStarts = rowStarts;
        _columns = columns;
        _values = values;
    }

    /// <summary>Number of entries, each counted in both triangles.</summary>
    public int EntryCount => _values.Length;

    /// <summary>Builds a matrix of entries off the diagonal, in any order and either triangle; repeats add up.</summary>
    /// <param name="size">Number of rows.</param>
    /// <param name="entries">Rows and columns in [0, size).</param>
    public static SymmetricSparseMatrix FromEntries(int size, IEnumerable<(int Row, int Column, double Value)> entries)
    {
        var sorted = Merge(size, entries);
        int[] starts = new int[size + 1];
        foreach (var (row, column, _) in sorted)
        {
            starts[row + 1]++;
            starts[column + 1]++;
        }

        for (int row = 0; row < size; row++) starts[row + 1] += starts[row];
        int[] next = [.. starts], columns = new int[starts[^1]];
        double[] values = new double[starts[^1]];
        // In this order every row fills with ascending columns: first those left of the diagonal, then those right of it.
        foreach (var (row, column, value) in sorted)
        {
            (columns[next[column]], values[next[column]++]) = (row, value);
            (columns[next[row]], values[next[row]++]) = (column, value);
        }

        return new SymmetricSparseMatrix(starts, columns, values);
    }

    /// <summary>The columns of a row's entries, ascending.</summary>
    public ReadOnlySpan<int> ColumnsOf(int row) => _columns.AsSpan(_rowStarts[row].._rowStarts[row + 1]);

    /// <summary>The values of a row's entries, in the order of <see cref="ColumnsOf"/>.</summary>
    public ReadOnlySpan<double> ValuesOf(int row) => _values.AsSpan(_rowStarts[row].._rowStarts[row + 1]);

    // The upper triangle, sorted by row and column, without repeats.
    private static List<(int Row, int Column, double Value)> Merge(int size, IEnumerable<(int Row, int Column, double Value)> entries)
    {
        List<long> keyList = [];
        List<double> valueList = [];
        foreach (var (row, column, value) in entries)
        {
            keyList.Add((long)Math.Min(row, column) * size + Math.Max(row, column));
            valueList.Add(value);
        }

        long[] keys = [.. keyList];
        double[] values = [.. valueList];
        Array.Sort(keys, values);
        List<(int Row, int Column, double Value)> merged = [];
        for (int i = 0; i < keys.Length;)
        {
            long key = keys[i];
            double sum = 0;
            while (i < keys.Length && keys[i] == key) sum += values[i++];
            merged.Add(((int)(key / size), (int)(key % size), sum));
        }

        return merged;
    }
}
