using CsCheck;
using Dmkd.Core.Numerics;

namespace Dmkd.Core.Tests.Numerics;

public sealed class LinearAssignmentTests
{
    private const double Largest = LinearAssignment.MaxCost;

    // small, so that ties are usual
    private static readonly Gen<double[,]> Integers = Matrices(Gen.Int[-3, 3].Select(value => (double)value));
    private static readonly Gen<double[,]> Reals = Matrices(Gen.Double[-1, 1]);

    [Fact]
    public void Minimise_Integers_EqualsExhaustiveSearch() =>
        Integers.Sample(
            costs =>
            {
                int[] chosen = LinearAssignment.Minimise(costs);
                AssertEveryColumnOnce(chosen);
                Assert.Equal(Smallest(costs, 0, 0), Sum(costs, chosen));
            },
            iter: 500
        );

    [Fact]
    public void Minimise_Reals_EqualsExhaustiveSearch() =>
        Reals.Sample(
            costs =>
            {
                int[] chosen = LinearAssignment.Minimise(costs);
                AssertEveryColumnOnce(chosen);
                // seven terms below 1, added in another order
                Assert.Equal(Smallest(costs, 0, 0), Sum(costs, chosen), 1e-12);
            },
            iter: 500
        );

    [Fact]
    public void Maximise_Values_IsTheSmallestOfTheirNegation() =>
        Reals.Sample(
            values =>
            {
                double[,] costs = Map(values.GetLength(0), (row, column) => -values[row, column]);
                Assert.Equal(LinearAssignment.Minimise(costs), LinearAssignment.Maximise(values));
            },
            iter: 100
        );

    [Fact]
    public void Minimise_ByHand_IsTheOnlyOptimum() =>
        Assert.Equal(
            [1, 0, 2],
            LinearAssignment.Minimise(
                new double[,]
                {
                    { 4, 1, 3 },
                    { 2, 0, 5 },
                    { 3, 2, 2 },
                }
            )
        );

    [Fact]
    public void Minimise_OneByOne_IsItsColumn() =>
        Assert.Equal(
            [0],
            LinearAssignment.Minimise(
                new double[,]
                {
                    { -7 },
                }
            )
        );

    [Fact]
    public void Maximise_PermutationMatrix_IsThePermutation()
    {
        int[] permutation = Shuffled(100);
        Assert.Equal(
            permutation,
            LinearAssignment.Maximise(Map(100, (row, column) => permutation[row] == column ? 1 : 0))
        );
    }

    [Fact]
    public void Minimise_EqualCosts_KeepsEveryRowAtItsPlace() =>
        Assert.Equal(Enumerable.Range(0, 50), LinearAssignment.Minimise(Map(50, (_, _) => 3)));

    [Fact]
    public void Minimise_LargestCosts_StaysFinite() =>
        Assert.Equal(
            [1, 0],
            LinearAssignment.Minimise(
                new[,]
                {
                    { Largest, -Largest },
                    { 0, Largest },
                }
            )
        );

    // Integer dual values and slacks that are 0 only on a planted permutation make it the only optimum, far from
    // greedy.
    [Fact]
    public void Minimise_FiveHundredRows_FindsThePlantedOptimum()
    {
        const int Size = 500;
        int[] planted = Shuffled(Size);
        Random random = new(2);
        int[] rows = [.. Enumerable.Range(0, Size).Select(_ => random.Next(1000))];
        int[] columns = [.. Enumerable.Range(0, Size).Select(_ => random.Next(1000))];
        double[,] costs = Map(
            Size,
            (row, column) => rows[row] + columns[column] + (planted[row] == column ? 0 : random.Next(1, 1000))
        );
        Assert.Equal(planted, LinearAssignment.Minimise(costs));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(1e301)]
    public void Minimise_NotFinite_NamesThePlace(double cost)
    {
        var error = Assert.Throws<ArgumentException>(
            "costs",
            () =>
                LinearAssignment.Minimise(
                    new[,]
                    {
                        { 0, 0 },
                        { cost, 0 },
                    }
                )
        );
        Assert.Contains($"[1, 0] is {cost}", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(2, 3)]
    public void Maximise_EmptyOrNotSquare_IsRefused(int rows, int columns)
    {
        var error = Assert.Throws<ArgumentException>(
            "values",
            () => LinearAssignment.Maximise(new double[rows, columns])
        );
        Assert.Contains($"[{rows}, {columns}]", error.Message, StringComparison.Ordinal);
    }

    private static Gen<double[,]> Matrices(Gen<double> values) =>
        Gen.Int[1, 7]
            .SelectMany(size =>
                values.Array[size * size].Select(cells => Map(size, (row, column) => cells[row * size + column]))
            );

    private static double[,] Map(int size, Func<int, int, double> value)
    {
        double[,] matrix = new double[size, size];
        for (int i = 0; i < size * size; i++)
            matrix[i / size, i % size] = value(i / size, i % size);
        return matrix;
    }

    private static int[] Shuffled(int size)
    {
        int[] order = [.. Enumerable.Range(0, size)];
        new Random(1).Shuffle(order);
        return order;
    }

    private static void AssertEveryColumnOnce(int[] chosen) =>
        Assert.Equal(Enumerable.Range(0, chosen.Length), chosen.Order());

    private static double Sum(double[,] costs, int[] chosen) =>
        chosen.Select((column, row) => costs[row, column]).Sum();

    private static double Smallest(double[,] costs, int row, int taken)
    {
        int size = costs.GetLength(0);
        if (row == size)
            return 0;
        return Enumerable
            .Range(0, size)
            .Where(column => (taken >> column & 1) == 0)
            .Min(column => costs[row, column] + Smallest(costs, row + 1, taken | 1 << column));
    }
}
