using System.Collections.Concurrent;

namespace Dmkd.Core.Preservation;

internal sealed partial class SymmetricSparseMatrix
{
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
        for (int row = 0; row < size; row++) starts[row + 1] = checked(starts[row + 1] + starts[row]);
        int[] columns = new int[starts[^1]];
        double[] values = new double[starts[^1]];
        ForRows(size, row =>
        {
            int next = starts[row];
            foreach (var strip in stripsOfRow[row]) next = strip.CopyTo(row, columns, values, next);
        });
        return new SymmetricSparseMatrix(starts, columns, values);
    }

    private static void ForRows(int size, Action<int> action)
    {
        if (size == 0) return; // a partitioner refuses an empty range
        Parallel.ForEach(Partitioner.Create(0, size, RowsPerPart), part =>
        {
            for (int row = part.Item1; row < part.Item2; row++) action(row);
        });
    }

    private static Strip[][] StripsOfRow(int size, IReadOnlyList<DenseBlock> blocks)
    {
        List<Strip>[] strips = [.. Enumerable.Range(0, size).Select(_ => new List<Strip>())];
        foreach (var block in blocks)
        {
            Strip plain = new(block.Values, block.FirstRow, block.FirstColumn, block.Columns, RowStep: block.Columns, ColumnStep: 1);
            foreach (var row in strips.AsSpan(block.FirstRow, block.Rows)) row.Add(plain);
            if (block.FirstRow == block.FirstColumn) continue;
            Strip mirrored = new(block.Values, block.FirstColumn, block.FirstRow, block.Rows, RowStep: 1, ColumnStep: block.Columns);
            foreach (var row in strips.AsSpan(block.FirstColumn, block.Columns)) row.Add(mirrored);
        }

        return [.. strips.Select(row => row.OrderBy(strip => strip.FirstColumn).ToArray())];
    }

    // A block as some rows see it: as it lies, or mirrored at the diagonal.
    private sealed record Strip(double[] Values, int FirstRow, int FirstColumn, int Columns, int RowStep, int ColumnStep)
    {
        public int CountOf(int row)
        {
            int count = 0;
            for (int i = 0, at = (row - FirstRow) * RowStep; i < Columns; i++, at += ColumnStep)
            {
                if (Values[at] != 0) count++;
            }

            return count;
        }

        public int CopyTo(int row, int[] columns, double[] values, int next)
        {
            for (int i = 0, at = (row - FirstRow) * RowStep; i < Columns; i++, at += ColumnStep)
            {
                if (Values[at] == 0) continue;
                (columns[next], values[next++]) = (FirstColumn + i, Values[at]);
            }

            return next;
        }
    }
}
