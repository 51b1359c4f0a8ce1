namespace Dmkd.Core.Routing;

/// <summary>Solves small symmetric positive definite systems in float64.</summary>
internal static class CholeskySolver
{
    /// <summary>The x with A·x = b.</summary>
    /// <param name="matrix">A, symmetric and positive definite. Not modified.</param>
    /// <param name="right">b. Not modified.</param>
    public static double[] Solve(double[,] matrix, double[] right)
    {
        int size = right.Length;
        double[,] lower = new double[size, size];
        for (int row = 0; row < size; row++)
        {
            for (int column = 0; column <= row; column++)
            {
                double sum = matrix[row, column];
                for (int k = 0; k < column; k++) sum -= lower[row, k] * lower[column, k];
                lower[row, column] = row == column ? Math.Sqrt(sum) : sum / lower[column, column];
            }
        }

        double[] solution = [.. right];
        for (int row = 0; row < size; row++)
        {
            for (int k = 0; k < row; k++) solution[row] -= lower[row, k] * solution[k];
            solution[row] /= lower[row, row];
        }

        for (int row = size - 1; row >= 0; row--)
        {
            for (int k = row + 1; k < size; k++) solution[row] -= lower[k, row] * solution[k];
            solution[row] /= lower[row, row];
        }

        return solution;
    }
}
