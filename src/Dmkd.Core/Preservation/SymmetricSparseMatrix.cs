using System.Collections.Concurrent;

namespace Dmkd.Core.Preservation;

/// <summary>A symmetric matrix with an empty diagonal in compressed sparse rows.</summary>
internal sealed class SymmetricSparseMatrix
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

    /// <summary>
    /// Builds a matrix of entries off the diagonal, in any order and either triangle; repeats add up.
    /// </summary>
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

        for (int row = 0; row < size; row++)
            starts[row + 1] += starts[row];
        int[] next = [.. starts],
            columns = new int[starts[^1]];
        double[] values = new double[starts[^1]];
        // In this order every row fills with ascending columns: first those left of the diagonal, then those right of
        // it.
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
    private static List<(int Row, int Column, double Value)> Merge(
        int size,
        IEnumerable<(int Row, int Column, double Value)> entries
    )
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
        for (int i = 0; i < keys.Length; )
        {
            long key = keys[i];
            double sum = 0;
            while (i < keys.Length && keys[i] == key)
                sum += values[i++];
            merged.Add(((int)(key / size), (int)(key % size), sum));
        }

        return merged;
    }

    // As many rows of a mirrored block share the cache lines of its values.
    private const int RowsPerPart = 64;

    /// <summary>Builds a matrix of its non-zero blocks, in any order.</summary>
    /// <param name="size">Number of rows.</param>
    /// <param name="blocks">Blocks that do not overlap, with zeros on the diagonal. Zeros are no entries.</param>
    public static SymmetricSparseMatrix FromBlocks(int size, IReadOnlyList<DenseBlock> blocks)
    {
        var stripsOfRow = StripsOfRow(size, blocks);
        int[] starts = new int[size + 1];
        ForRows(size, row => starts[row + 1] = stripsOfRow[row].Sum(strip => strip.CountOf(row)));
        for (int row = 0; row < size; row++)
            starts[row + 1] = checked(starts[row + 1] + starts[row]);
        int[] columns = new int[starts[^1]];
        double[] values = new double[starts[^1]];
        ForRows(
            size,
            row =>
            {
                int next = starts[row];
                foreach (var strip in stripsOfRow[row])
                    next = strip.CopyTo(row, columns, values, next);
            }
        );
        return new SymmetricSparseMatrix(starts, columns, values);
    }

    private static void ForRows(int size, Action<int> action)
    {
        if (size == 0)
            return; // a partitioner refuses an empty range
        Parallel.ForEach(
            Partitioner.Create(0, size, RowsPerPart),
            part =>
            {
                for (int row = part.Item1; row < part.Item2; row++)
                    action(row);
            }
        );
    }

    private static Strip[][] StripsOfRow(int size, IReadOnlyList<DenseBlock> blocks)
    {
        List<Strip>[] strips = [.. Enumerable.Range(0, size).Select(_ => new List<Strip>())];
        foreach (var block in blocks)
        {
            Strip plain = new(
                block.Values,
                block.FirstRow,
                block.FirstColumn,
                block.Columns,
                RowStep: block.Columns,
                ColumnStep: 1
            );
            foreach (var row in strips.AsSpan(block.FirstRow, block.Rows))
                row.Add(plain);
            if (block.FirstRow == block.FirstColumn)
                continue;
            Strip mirrored = new(
                block.Values,
                block.FirstColumn,
                block.FirstRow,
                block.Rows,
                RowStep: 1,
                ColumnStep: block.Columns
            );
            foreach (var row in strips.AsSpan(block.FirstColumn, block.Columns))
                row.Add(mirrored);
        }

        return [.. strips.Select(row => row.OrderBy(strip => strip.FirstColumn).ToArray())];
    }

    // A block as some rows see it: as it lies, or mirrored at the diagonal.
    private sealed record Strip(
        double[] Values,
        int FirstRow,
        int FirstColumn,
        int Columns,
        int RowStep,
        int ColumnStep
    )
    {
        public int CountOf(int row)
        {
            int count = 0;
            for (int i = 0, at = (row - FirstRow) * RowStep; i < Columns; i++, at += ColumnStep)
            {
                if (Values[at] != 0)
                    count++;
            }

            return count;
        }

        public int CopyTo(int row, int[] columns, double[] values, int next)
        {
            for (int i = 0, at = (row - FirstRow) * RowStep; i < Columns; i++, at += ColumnStep)
            {
                if (Values[at] == 0)
                    continue;
                (columns[next], values[next++]) = (FirstColumn + i, Values[at]);
            }

            return next;
        }
    }
}
