using Dmkd.Core.Preservation;

namespace Dmkd.Core.Tests.Preservation;

public sealed class LinearAssignmentTests
{
    [Fact]
    public void Maximise_RandomValues_EqualsExhaustiveSearch()
    {
        var random = new Random(11);
        for (int trial = 0; trial < 100; trial++)
        {
            int size = 1 + trial % 6;
            double[,] values = new double[size, size];
            for (int i = 0; i < size * size; i++) values[i / size, i % size] = random.NextDouble() - 0.5;
            int[] chosen = LinearAssignment.Maximise(values);
            Assert.Equal(Enumerable.Range(0, size), chosen.Order());
            Assert.Equal(Best(values, 0, 0), chosen.Select((column, row) => values[row, column]).Sum(), 1e-12);
        }
    }

    private static double Best(double[,] values, int row, int taken)
    {
        int size = values.GetLength(0);
        if (row == size) return 0;
        return Enumerable.Range(0, size).Where(column => (taken >> column & 1) == 0)
            .Max(column => values[row, column] + Best(values, row + 1, taken | 1 << column));
    }
}
