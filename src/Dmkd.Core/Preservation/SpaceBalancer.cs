using System.ComponentModel.DataAnnotations;

namespace Dmkd.Core.Preservation;

/// <summary>
/// Makes every cluster a sub-network of all layers: the units of each space are dealt out to the clusters evenly, each
/// to the nearest centre that still has room.
/// </summary>
internal static class SpaceBalancer
{
    /// <summary>Deals out.</summary>
    /// <param name="spaces">Space of each point.</param>
    /// <param name="points">Points of one dimension.</param>
    /// <param name="labels">What k-means gave each point, in [0, clusters).</param>
    /// <param name="clusters">Number of clusters.</param>
    /// <returns>The cluster of each point; in a space of n points every cluster has ⌊n/clusters⌋ or
    /// ⌈n/clusters⌉.</returns>
    public static int[] Balance(IReadOnlyList<string> spaces, double[][] points, int[] labels, int clusters)
    {
        double[][] centres = KMeans.Centres(points, labels, clusters);
        int[] balanced = new int[points.Length];
        int extra = 0; // the clusters take turns at the units that are left over
        foreach (var space in Enumerable.Range(0, points.Length).GroupBy(point => spaces[point]))
        {
            int[] members = [.. space];
            int[] room = new int[clusters];
            Array.Fill(room, members.Length / clusters);
            for (int left = members.Length % clusters; left > 0; left--)
                room[extra++ % clusters]++;
            Deal(members, points, centres, room, balanced);
        }

        return balanced;
    }

    // The pairs by distance: who is surest of its cluster is dealt first. Ties go by number.
    private static void Deal(int[] members, double[][] points, double[][] centres, int[] room, int[] balanced)
    {
        bool[] dealt = new bool[members.Length];
        var pairs = members
            .Index()
            .SelectMany(member =>
                Enumerable
                    .Range(0, centres.Length)
                    .Select(cluster =>
                        (
                            member.Index,
                            Cluster: cluster,
                            Regret: KMeans.SquaredDistance(points[member.Item], centres[cluster])
                                - Others(points[member.Item], centres, cluster)
                        )
                    )
            );
        foreach (
            var (index, cluster, _) in pairs
                .OrderBy(pair => pair.Regret)
                .ThenBy(pair => pair.Index)
                .ThenBy(pair => pair.Cluster)
        )
        {
            if (dealt[index] || room[cluster] == 0)
                continue;
            dealt[index] = true;
            room[cluster]--;
            balanced[members[index]] = cluster;
        }
    }

    private static double Others(double[] point, double[][] centres, int cluster) =>
        Enumerable
            .Range(0, centres.Length)
            .Where(other => other != cluster)
            .Min(other => KMeans.SquaredDistance(point, centres[other]));
}

/// <summary>How a network is partitioned (proposal 3.2.2).</summary>
public sealed class SpectralOptions
{
    /// <summary>Gets or sets the seed of the k-means starts. Default: 0.</summary>
    public int Seed { get; set; }

    /// <summary>Gets or sets the number of k-means starts, of which the tightest is kept. Default: 10.</summary>
    [Range(1, 1000)]
    public int Restarts { get; set; } = 10;

    /// <summary>Gets or sets the most k-means iterations of one start. Default: 100.</summary>
    [Range(1, 10_000)]
    public int MaxIterations { get; set; } = 100;

    /// <summary>
    /// Gets or sets whether the eigenvectors are sought among those that are balanced within each space (mean 0,
    /// weighted by degree), so that clusters run through the layers as experts do. False is the proposal to the letter;
    /// on a trained convnet its cheapest cut ran between layers. With several clusters some may still miss a layer:
    /// unit selection fills it. Default: true.
    /// </summary>
    public bool SplitEverySpace { get; set; } = true;

    /// <summary>
    /// Gets or sets whether the units of every space are dealt out to the clusters evenly, each to the nearest centre
    /// that has room, so that a cluster is a set of channels in every layer, as the proposal says. K-means alone leaves
    /// one cluster of a trained ResNet-20 with nine tenths of the importance of every class. Default: false.
    /// </summary>
    public bool BalanceSpaces { get; set; }
}
