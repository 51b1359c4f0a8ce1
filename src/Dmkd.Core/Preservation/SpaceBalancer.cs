namespace Dmkd.Core.Preservation;

/// <summary>
/// Makes every cluster a sub-network of all layers: the units of each space are dealt out to the clusters evenly, each to the
/// nearest centre that still has room.
/// </summary>
internal static class SpaceBalancer
{
    /// <summary>Deals out.</summary>
    /// <param name="spaces">Space of each point.</param>
    /// <param name="points">Points of one dimension.</param>
    /// <param name="labels">What k-means gave each point, in [0, clusters).</param>
    /// <param name="clusters">Number of clusters.</param>
    /// <returns>The cluster of each point; in a space of n points every cluster has ⌊n/clusters⌋ or ⌈n/clusters⌉.</returns>
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
            for (int left = members.Length % clusters; left > 0; left--) room[extra++ % clusters]++;
            Deal(members, points, centres, room, balanced);
        }

        return balanced;
    }

    // The pairs by distance: who is surest of its cluster is dealt first. Ties go by number.
    private static void Deal(int[] members, double[][] points, double[][] centres, int[] room, int[] balanced)
    {
        bool[] dealt = new bool[members.Length];
        var pairs = members.Index().SelectMany(member => Enumerable.Range(0, centres.Length).Select(cluster => (
            member.Index, Cluster: cluster, Regret: KMeans.SquaredDistance(points[member.Item], centres[cluster]) - Others(points[member.Item], centres, cluster))));
        foreach (var (index, cluster, _) in pairs.OrderBy(pair => pair.Regret).ThenBy(pair => pair.Index).ThenBy(pair => pair.Cluster))
        {
            if (dealt[index] || room[cluster] == 0) continue;
            dealt[index] = true;
            room[cluster]--;
            balanced[members[index]] = cluster;
        }
    }

    private static double Others(double[] point, double[][] centres, int cluster) =>
        Enumerable.Range(0, centres.Length).Where(other => other != cluster).Min(other => KMeans.SquaredDistance(point, centres[other]));
}
