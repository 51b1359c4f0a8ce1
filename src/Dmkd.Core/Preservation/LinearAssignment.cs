namespace Dmkd.Core.Preservation;

/// <summary>The assignment problem, solved exactly in O(n³) (Hungarian method, Jonker-Volgenant form).</summary>
internal static class LinearAssignment
{
    /// <summary>Gives every row its own column so that the sum of the chosen values is largest.</summary>
    /// <param name="values">Shape [n, n], finite.</param>
    /// <returns>The column of each row.</returns>
    public static int[] Maximise(double[,] values)
    {
        int size = values.GetLength(0);
        double[] rowPotential = new double[size + 1], columnPotential = new double[size + 1];
        int[] rowOfColumn = new int[size + 1]; // numbered from 1; column 0 holds the row being placed
        for (int row = 1; row <= size; row++)
        {
            rowOfColumn[0] = row;
            Place(values, rowPotential, columnPotential, rowOfColumn);
        }

        int[] columnOfRow = new int[size];
        for (int column = 1; column <= size; column++) columnOfRow[rowOfColumn[column] - 1] = column - 1;
        return columnOfRow;
    }

    // Finds the shortest augmenting path from column 0 to a free column, then shifts the rows along it.
    private static void Place(double[,] values, double[] rowPotential, double[] columnPotential, int[] rowOfColumn)
    {
        int size = values.GetLength(0), current = 0;
        double[] distance = [.. Enumerable.Repeat(double.PositiveInfinity, size + 1)];
        int[] previous = new int[size + 1];
        bool[] visited = new bool[size + 1];
        do
        {
            visited[current] = true;
            int row = rowOfColumn[current], next = 0;
            double step = double.PositiveInfinity;
            for (int column = 1; column <= size; column++)
            {
                if (visited[column]) continue;
                double reduced = -values[row - 1, column - 1] - rowPotential[row] - columnPotential[column];
                if (reduced < distance[column]) (distance[column], previous[column]) = (reduced, current);
                if (distance[column] < step) (step, next) = (distance[column], column);
            }

            for (int column = 0; column <= size; column++)
            {
                if (visited[column]) (rowPotential[rowOfColumn[column]], columnPotential[column]) = (rowPotential[rowOfColumn[column]] + step, columnPotential[column] - step);
                else distance[column] -= step;
            }

            current = next;
        }
        while (rowOfColumn[current] != 0);

        for (; current != 0; current = previous[current]) rowOfColumn[current] = rowOfColumn[previous[current]];
    }
}
