namespace Dmkd.Core.Preservation;

/// <summary>Lloyd's k-means with k-means++ starts.</summary>
internal static class KMeans
{
    /// <summary>Clusters points; the best of several starts by the sum of squared distances.</summary>
    /// <param name="points">Points of one dimension.</param>
    /// <param name="clusters">Number of clusters, in [1, points]. None stays empty.</param>
    /// <param name="options">Seed, starts and iterations.</param>
    /// <returns>The cluster of each point.</returns>
    public static int[] Cluster(double[][] points, int clusters, SpectralOptions options)
    {
        var random = new Random(options.Seed);
        int[] best = [];
        double bestSpread = double.PositiveInfinity;
        for (int start = 0; start < options.Restarts; start++)
        {
            var (labels, spread) = Descend(points, Start(points, clusters, random), options.MaxIterations);
            if (spread >= bestSpread)
                continue;
            (best, bestSpread) = (labels, spread);
        }

        return best;
    }

    /// <summary>The mean of each cluster's points; of none, the origin.</summary>
    /// <param name="points">Points of one dimension, at least one.</param>
    /// <param name="labels">The cluster of each point, in [0, clusters).</param>
    /// <param name="clusters">Number of clusters.</param>
    public static double[][] Centres(double[][] points, int[] labels, int clusters)
    {
        double[][] centres = [.. Enumerable.Range(0, clusters).Select(_ => new double[points[0].Length])];
        int[] sizes = new int[clusters];
        for (int i = 0; i < points.Length; i++)
        {
            double[] centre = centres[labels[i]];
            sizes[labels[i]]++;
            for (int d = 0; d < centre.Length; d++)
                centre[d] += points[i][d];
        }

        for (int cluster = 0; cluster < clusters; cluster++)
        for (int d = 0; d < centres[cluster].Length; d++)
            centres[cluster][d] /= Math.Max(1, sizes[cluster]);
        return centres;
    }

    /// <summary>The squared Euclidean distance of two points of one dimension.</summary>
    public static double SquaredDistance(double[] a, double[] b)
    {
        double sum = 0;
        for (int d = 0; d < a.Length; d++)
            sum += (a[d] - b[d]) * (a[d] - b[d]);
        return sum;
    }

    private static double[][] Start(double[][] points, int clusters, Random random)
    {
        double[][] centres = new double[clusters][];
        centres[0] = [.. points[random.Next(points.Length)]];
        double[] nearest = [.. Enumerable.Repeat(double.PositiveInfinity, points.Length)];
        for (int next = 1; next < clusters; next++)
        {
            for (int i = 0; i < points.Length; i++)
                nearest[i] = Math.Min(nearest[i], SquaredDistance(points[i], centres[next - 1]));
            centres[next] = [.. points[Draw(nearest, random)]];
        }

        return centres;
    }

    private static int Draw(double[] weights, Random random)
    {
        double rest = random.NextDouble() * weights.Sum();
        int chosen = Array.FindIndex(weights, weight => weight > 0 && (rest -= weight) < 0);
        return chosen >= 0 ? chosen : random.Next(weights.Length); // all points coincide with a centre
    }

    private static (int[] Labels, double Spread) Descend(double[][] points, double[][] centres, int maximumIterations)
    {
        int[] labels = [];
        for (int iteration = 0; iteration < maximumIterations; iteration++)
        {
            int[] updated = [.. points.Select(point => Nearest(point, centres))];
            FillEmpty(updated, points, centres);
            if (updated.AsSpan().SequenceEqual(labels))
                break;
            labels = updated;
            centres = Centres(points, labels, centres.Length);
        }

        return (labels, points.Select((point, i) => SquaredDistance(point, centres[labels[i]])).Sum());
    }

    // An empty cluster takes the point farthest from its centre among the clusters that can spare one.
    private static void FillEmpty(int[] labels, double[][] points, double[][] centres)
    {
        int[] sizes = new int[centres.Length];
        foreach (int label in labels)
            sizes[label]++;
        for (int cluster = 0; cluster < sizes.Length; cluster++)
        {
            if (sizes[cluster] > 0)
                continue;
            int farthest = Enumerable
                .Range(0, points.Length)
                .Where(i => sizes[labels[i]] > 1)
                .MaxBy(i => SquaredDistance(points[i], centres[labels[i]]));
            sizes[labels[farthest]]--;
            sizes[cluster]++;
            labels[farthest] = cluster;
        }
    }

    private static int Nearest(double[] point, double[][] centres)
    {
        int nearest = 0;
        double least = double.PositiveInfinity;
        for (int c = 0; c < centres.Length; c++)
        {
            double distance = SquaredDistance(point, centres[c]);
            if (distance < least)
                (nearest, least) = (c, distance);
        }

        return nearest;
    }
}
