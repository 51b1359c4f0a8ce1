using Dmkd.Core.Models;
using static TorchSharp.torch;

namespace Dmkd.Core.Preservation;

/// <summary>
/// Sums importance scores to one dense block for each two unit spaces with weights between them. A network's edges come
/// in such blocks, and millions of numbers that lie in order need no sorting.
/// </summary>
internal static class ImportanceBlocks
{
    /// <summary>Sums scores.</summary>
    /// <param name="architecture">Describes the network that was scored.</param>
    /// <param name="scores">Its scores. Borrowed.</param>
    /// <returns>The blocks, none twice at one place. Diagonals are 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The scores between two units sum up to a negative or infinite
    /// number, or to none.</exception>
    public static IReadOnlyList<DenseBlock> Of(NetworkArchitecture architecture, ImportanceScores scores)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Dictionary<string, int> firstNodes = FirstNodes(architecture);
        Dictionary<(int Row, int Column), DenseBlock> blocks = [];
        foreach (var axes in architecture.Weights)
        {
            if (
                axes.Columns is null
                || !firstNodes.TryGetValue(axes.Rows.Space, out int row)
                || !firstNodes.TryGetValue(axes.Columns.Space, out int column)
            )
                continue;
            var block = AboveDiagonal(row, column, axes, axes.Columns, scores.Weights[axes.Name]);
            if (!blocks.TryAdd((block.FirstRow, block.FirstColumn), block))
                Add(blocks[(block.FirstRow, block.FirstColumn)].Values, block.Values);
        }

        return [.. blocks.Values];
    }

    private static Dictionary<string, int> FirstNodes(NetworkArchitecture architecture)
    {
        Dictionary<string, int> firstNodes = new(StringComparer.Ordinal);
        int count = 0;
        foreach (var space in architecture.UnitSpaces)
        {
            firstNodes.Add(space.Name, count);
            count += space.Width;
        }

        return firstNodes;
    }

    // Weights in both directions between two spaces meet in one block.
    private static DenseBlock AboveDiagonal(int row, int column, WeightAxes axes, AxisUnits columns, Tensor score)
    {
        using var scope = NewDisposeScope();
        var sum = SumOverPositions(axes, columns, score);
        if (row > column)
            (row, column, sum) = (column, row, sum.t());
        if (row == column)
            sum = (sum + sum.t()) * (1 - eye(sum.shape[0], dtype: float64));
        return new DenseBlock(row, column, (int)sum.shape[0], (int)sum.shape[1], TensorValues.ToDoubles(sum));
    }

    private static Tensor SumOverPositions(WeightAxes axes, AxisUnits columns, Tensor score)
    {
        var rows = axes.Rows;
        long rowUnits = score.shape[0] / (rows.Outer * rows.Inner),
            columnUnits = score.shape[1] / (columns.Outer * columns.Inner);
        var split = score
            .cpu()
            .reshape(rows.Outer, rowUnits, rows.Inner, columns.Outer, columnUnits, columns.Inner, -1);
        var sum = split.sum([0, 2, 3, 5, 6], type: float64);
        // NaN fails every comparison, infinity the second.
        if (sum.min().item<double>() >= 0 && sum.max().item<double>() <= double.MaxValue)
            return sum;
        throw new ArgumentOutOfRangeException(
            nameof(score),
            $"The scores of '{axes.Name}' must be finite and at least 0, and sum up to such numbers between any two units."
        );
    }

    private static void Add(double[] total, double[] values)
    {
        for (int i = 0; i < total.Length; i++)
            total[i] += values[i];
    }
}

/// <summary>A rectangle of a symmetric matrix, above the diagonal or, symmetric itself, on it.</summary>
/// <param name="FirstRow">Its first row.</param>
/// <param name="FirstColumn">Its first column: <paramref name="FirstRow"/>, or at least <paramref name="FirstRow"/> +
/// <paramref name="Rows"/>.</param>
/// <param name="Rows">Number of rows.</param>
/// <param name="Columns">Number of columns.</param>
/// <param name="Values">Row by row.</param>
internal sealed record DenseBlock(int FirstRow, int FirstColumn, int Rows, int Columns, double[] Values);
