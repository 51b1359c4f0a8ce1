using CsCheck;
using Dmkd.Data.Partitioning;

namespace Dmkd.Data.Tests.Partitioning;

public sealed class DirichletPartitionerTests
{
    private static readonly Gen<double> Concentrations = Gen.OneOf(
        Gen.Double[0.001, 0.1],
        Gen.Double[0.1, 100],
        Gen.Const(double.PositiveInfinity)
    );

    private static readonly int[] TenBalancedClasses = [.. Enumerable.Range(0, 2000).Select(i => i % 10)];

    [Fact]
    public void Partition_AnyArguments_GivesEverySampleToExactlyOneNode() =>
        Gen.Select(Gen.Int[0, 9].Array[80, 400], Gen.Int[1, 10], Concentrations, Gen.Int)
            .Sample(
                (labels, nodes, concentration, seed) =>
                {
                    var shards = DirichletPartitioner.Partition(labels, nodes, concentration, seed);

                    Assert.Equal(nodes, shards.Count);
                    Assert.Equal(Enumerable.Range(0, labels.Length), shards.SelectMany(shard => shard).Order());
                    Assert.All(shards, shard => Assert.Equal(shard.Order(), shard));
                    Assert.All(shards, shard => Assert.True(shard.Length >= 8));
                },
                iter: 300
            );

    [Fact]
    public void Partition_SameArguments_SameShards() =>
        Gen.Select(Gen.Int[0, 4].Array[100, 200], Concentrations, Gen.Int)
            .Sample(
                (labels, concentration, seed) =>
                {
                    var first = DirichletPartitioner.Partition(labels, 5, concentration, seed);

                    Assert.Equal(first, DirichletPartitioner.Partition(labels, 5, concentration, seed));
                },
                iter: 100
            );

    [Fact]
    public void Partition_InfiniteConcentration_IsEvenInSizeAndClasses()
    {
        int[] labels = [.. Enumerable.Range(0, 1003).Select(i => i % 10)];

        var shards = DirichletPartitioner.Partition(labels, 4, double.PositiveInfinity, seed: 1);

        Assert.InRange(shards.Max(shard => shard.Length) - shards.Min(shard => shard.Length), 0, 1);
        Assert.All(
            shards,
            shard => Assert.All(shard.CountBy(i => labels[i]), count => Assert.InRange(count.Value, 25, 26))
        );
    }

    [Fact]
    public void Partition_SmallerConcentration_IsMoreSkewed()
    {
        double[] largestShare = [.. new[] { 0.05, 1, 100 }.Select(MeanLargestClassShare)];

        Assert.True(
            largestShare[0] > largestShare[1] && largestShare[1] > largestShare[2],
            string.Join(", ", largestShare)
        );
        Assert.True(largestShare[2] < 0.2, "100 is almost even: each of ten classes has a tenth of a shard.");
    }

    [Fact]
    public void Partition_OtherSeed_OtherShards() =>
        Assert.NotEqual(
            DirichletPartitioner.Partition(TenBalancedClasses, 4, 0.5, seed: 1),
            DirichletPartitioner.Partition(TenBalancedClasses, 4, 0.5, seed: 2)
        );

    [Fact]
    public void Partition_TooFewSamples_NamesTheNumbers() =>
        DatasetErrors.Expect(
            () => DirichletPartitioner.Partition(new int[79], 10, 1, seed: 1),
            "10 nodes",
            "at least 8",
            "80",
            "there are 79"
        );

    [Theory]
    [InlineData(0, 1.0, 8)]
    [InlineData(2, 0.0, 8)]
    [InlineData(2, double.NaN, 8)]
    [InlineData(2, 1.0, -1)]
    public void Partition_ArgumentOutOfRange_Throws(int nodes, double concentration, int minimum) =>
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            DirichletPartitioner.Partition(TenBalancedClasses, nodes, concentration, seed: 1, minimum)
        );

    private static double MeanLargestClassShare(double concentration) =>
        DirichletPartitioner
            .Partition(TenBalancedClasses, 5, concentration, seed: 7)
            .Average(shard =>
                shard.CountBy(i => TenBalancedClasses[i]).Max(count => count.Value) / (double)shard.Length
            );
}
