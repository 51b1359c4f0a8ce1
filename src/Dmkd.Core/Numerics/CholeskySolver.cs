namespace Dmkd.Core.Numerics;

/// <summary>Solves small symmetric positive definite systems in float64.</summary>
internal static class CholeskySolver
{
    /// <summary>The x with A·x = b.</summary>
    /// <param name="matrix">A, symmetric and positive definite. Not modified.</param>
    /// <param name="right">b. Not modified.</param>
    public static double[] Solve(double[,] matrix, double[] right) => Solve(matrix, [right])[0];

    /// <summary>The x of every b with A·x = b; A is factored once.</summary>
    /// <param name="matrix">A, symmetric and positive definite. Not modified.</param>
    /// <param name="rights">The b. Not modified.</param>
    public static double[][] Solve(double[,] matrix, IReadOnlyList<double[]> rights)
    {
        double[][] lower = Factor(matrix);
        return [.. rights.Select(right => Substitute(lower, right))];
    }

    /// <summary>The lower triangle L with L·Lᵀ = A, row by row.</summary>
    private static double[][] Factor(double[,] matrix)
    {
        int size = matrix.GetLength(0);
        double[][] lower = new double[size][];
        for (int row = 0; row < size; row++)
        {
            double[] own = lower[row] = new double[row + 1];
            for (int column = 0; column <= row; column++)
            {
                double[] other = lower[column];
                double sum = matrix[row, column];
                for (int k = 0; k < column; k++)
                    sum -= own[k] * other[k];
                own[column] = row == column ? Math.Sqrt(sum) : sum / other[column];
            }
        }

        return lower;
    }

    private static double[] Substitute(double[][] lower, double[] right)
    {
        double[] solution = [.. right];
        for (int row = 0; row < solution.Length; row++)
        {
            for (int k = 0; k < row; k++)
                solution[row] -= lower[row][k] * solution[k];
            solution[row] /= lower[row][row];
        }

        for (int row = solution.Length - 1; row >= 0; row--)
        {
            for (int k = row + 1; k < solution.Length; k++)
                solution[row] -= lower[k][row] * solution[k];
            solution[row] /= lower[row][row];
        }

        return solution;
    }
}
