using Dmkd.Core;
using Dmkd.Data.Images;
using Dmkd.Data.Seeds;

namespace Dmkd.Data.Partitioning;

/// <summary>
/// Cuts a training set into the private shards of the nodes, with classes as unevenly spread as wanted.
/// </summary>
public static class DirichletPartitioner
{
    /// <summary>
    /// Gives every sample to exactly one node. Each class is shared out by a Dirichlet draw over the nodes; a node that
    /// ends below the minimum then gets random samples of whichever node is largest. The same arguments give the same
    /// shards.
    /// </summary>
    /// <param name="labels">Class of each sample, at least 0, shape [samples]. Borrowed.</param>
    /// <param name="nodes">Number of shards, at least 1.</param>
    /// <param name="concentration">
    /// The Dirichlet parameter, above 0: 0.1 leaves nodes with few classes, 100 is almost even, and
    /// <see cref="double.PositiveInfinity"/> splits every class evenly (IID).
    /// </param>
    /// <param name="seed">Seed of the draws.</param>
    /// <param name="minimumPerNode">Samples that each node gets at least, at least 0.</param>
    /// <returns>Ascending positions in <paramref name="labels"/> for each node, owned by the caller.</returns>
    /// <exception cref="ArgumentException">An argument is out of its range.</exception>
    /// <exception cref="DatasetException">There are too few samples for that many nodes.</exception>
    public static IReadOnlyList<int[]> Partition(
        ReadOnlySpan<int> labels,
        int nodes,
        double concentration,
        int seed,
        int minimumPerNode = 8
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(nodes, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(minimumPerNode);
        if (!(concentration > 0))
            throw new ArgumentOutOfRangeException(
                nameof(concentration),
                concentration,
                "concentration must be above 0."
            );
        if (labels.Length < (long)nodes * minimumPerNode)
            throw new DatasetException(
                $"{nodes} nodes with at least {minimumPerNode} samples each need {(long)nodes * minimumPerNode} samples; "
                    + $"there are {labels.Length}. Use fewer nodes or more samples."
            );

        var shards = ShareOut(ClassIndex.Group(labels), nodes, concentration, seed);
        TopUp(shards, minimumPerNode, new Random(SeedSequence.Derive(seed, SeedPurpose.PartitionTopUp)));
        return [.. shards.Select(shard => shard.Order().ToArray())];
    }

    private static List<int>[] ShareOut(int[][] classes, int nodes, double concentration, int seed)
    {
        List<int>[] shards = [.. Enumerable.Range(0, nodes).Select(_ => new List<int>())];
        int dealt = 0;
        for (int label = 0; label < classes.Length; label++)
        {
            int[] samples = classes[label];
            new Random(SeedSequence.Derive(seed, SeedPurpose.DirichletOrder, label)).Shuffle(samples);
            if (double.IsPositiveInfinity(concentration))
            {
                // Dealing goes on where the last class ended, so that shard sizes differ by at most one.
                foreach (int sample in samples)
                    shards[dealt++ % nodes].Add(sample);
                continue;
            }
            var random = new Random(SeedSequence.Derive(seed, SeedPurpose.DirichletShares, label));
            Cut(samples, DirichletShares.Draw(nodes, concentration, random), shards);
        }
        return shards;
    }

    private static void Cut(ReadOnlySpan<int> samples, double[] shares, List<int>[] shards)
    {
        double cumulative = 0;
        int start = 0;
        for (int node = 0; node < shards.Length; node++)
        {
            cumulative += shares[node];
            bool isLast = node == shards.Length - 1; // takes the rest: the sum of the shares is only almost one
            int end = isLast
                ? samples.Length
                : Math.Clamp((int)Math.Round(cumulative * samples.Length), start, samples.Length);
            shards[node].AddRange(samples[start..end]);
            start = end;
        }
    }

    private static void TopUp(List<int>[] shards, int minimum, Random random)
    {
        foreach (var shard in shards)
        {
            while (shard.Count < minimum)
            {
                var largest = shards.MaxBy(other => other.Count)!;
                int taken = random.Next(largest.Count);
                shard.Add(largest[taken]);
                largest[taken] = largest[^1];
                largest.RemoveAt(largest.Count - 1);
            }
        }
    }
}

/// <summary>Draws from the symmetric Dirichlet distribution.</summary>
internal static class DirichletShares
{
    /// <summary>Draws shares that sum to one.</summary>
    /// <param name="count">Number of shares, at least 1.</param>
    /// <param name="concentration">The distribution's parameter, above 0: small ones make one share take nearly
    /// all.</param>
    /// <param name="random">Source of randomness. Borrowed.</param>
    /// <returns>Shares in [0, 1], shape [count], owned by the caller.</returns>
    public static double[] Draw(int count, double concentration, Random random)
    {
        // Normalised gamma draws, as logarithms: at a concentration of 0.01 the draws themselves would all be zero.
        double[] shares = new double[count];
        for (int i = 0; i < count; i++)
            shares[i] = LogGamma(concentration, random);
        double largest = shares.Max();
        for (int i = 0; i < count; i++)
            shares[i] = Math.Exp(shares[i] - largest);
        double sum = shares.Sum();
        for (int i = 0; i < count; i++)
            shares[i] /= sum;
        return shares;
    }

    /// <summary>Logarithm of a gamma draw with scale 1; below shape 1 by Gamma(a) = Gamma(a + 1) U^(1/a).</summary>
    private static double LogGamma(double shape, Random random) =>
        shape >= 1
            ? Math.Log(Gamma(shape, random))
            : Math.Log(Gamma(shape + 1, random)) + Math.Log(1 - random.NextDouble()) / shape;

    /// <summary>Marsaglia and Tsang's method (2000), for shapes of at least 1.</summary>
    private static double Gamma(double shape, Random random)
    {
        double d = shape - 1.0 / 3;
        double c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            double x = Normal(random);
            double v = Math.Pow(1 + c * x, 3);
            if (v > 0 && Math.Log(1 - random.NextDouble()) < 0.5 * x * x + d - d * v + d * Math.Log(v))
                return d * v;
        }
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
