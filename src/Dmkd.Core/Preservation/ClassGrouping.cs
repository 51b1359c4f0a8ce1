using Dmkd.Core.Numerics;
using static TorchSharp.torch;

namespace Dmkd.Core.Preservation;

/// <summary>
/// Groups classes that the legacy model confuses, so that telling groups apart, the gate's work, is easy, and telling
/// the classes of a group apart, an expert's work, is what the expert is for.
/// </summary>
public static class ClassGrouping
{
    private const int Starts = 20;
    private const int MaxPasses = 100;
    private const double MinGain = 1e-12; // a smaller gain is rounding

    /// <summary>
    /// How alike the legacy model takes two classes to be: the probability it gives to the one on images of the other,
    /// both ways.
    /// </summary>
    /// <param name="logits">The legacy model's logits, shape [images, classes]. Borrowed.</param>
    /// <param name="labels">Class of each image, int64, shape [images]; every class at least once. Borrowed.</param>
    /// <returns>Symmetric, shape [classes, classes], in [0, 2]; the diagonal is 0.</returns>
    public static double[,] Similarity(Tensor logits, Tensor labels)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(labels);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        int classes = (int)logits.shape[1];
        var member = nn.functional.one_hot(labels, classes).to(ScalarType.Float64);
        var means = member.t().mm(logits.softmax(1).to(ScalarType.Float64)) / member.sum([0]).unsqueeze(1);
        double[] values = TensorValues.ToDoubles(means + means.t());
        double[,] similarity = new double[classes, classes];
        for (int first = 0; first < classes; first++)
        for (int second = 0; second < classes; second++)
            similarity[first, second] = first == second ? 0 : values[first * classes + second];
        return similarity;
    }

    /// <summary>
    /// Cuts the classes into groups of about one size so that the similarity within groups is large: the best of
    /// several random starts, each improved by moving classes and exchanging pairs until nothing helps.
    /// </summary>
    /// <param name="similarity">Symmetric, finite, at least 0, shape [classes, classes].</param>
    /// <param name="groups">Number of groups, in [1, classes]. Each gets ⌊classes/groups⌋ - 1 to
    /// <see cref="MaxGroupSize"/> classes, at least two where there are as many, and at least one.</param>
    /// <param name="seed">Seed of the starts.</param>
    /// <returns>The groups in the order of their first class, each ascending.</returns>
    public static int[][] Group(double[,] similarity, int groups, int seed)
    {
        ArgumentNullException.ThrowIfNull(similarity);
        int classes = similarity.GetLength(0);
        CheckGroups(classes, groups);
        Random random = new(seed);
        int[] best = [];
        double most = double.NegativeInfinity;
        for (int start = 0; start < Starts; start++)
        {
            int[] order = [.. Enumerable.Range(0, classes)];
            random.Shuffle(order);
            int[] groupOf = new int[classes];
            for (int i = 0; i < classes; i++)
                groupOf[order[i]] = i % groups;
            Improve(similarity, groupOf, groups);
            double within = Within(similarity, groupOf);
            if (within > most + MinGain)
                (best, most) = (groupOf, within);
        }

        return
        [
            .. Enumerable
                .Range(0, groups)
                .Select(group => (int[])[.. Enumerable.Range(0, classes).Where(label => best[label] == group)])
                .OrderBy(group => group[0]),
        ];
    }

    /// <summary>
    /// The most classes that <see cref="Group"/> gives to one group: ⌈classes/groups⌉ + 1, or what the other groups
    /// leave.
    /// </summary>
    /// <param name="classes">Number of classes, at least 1.</param>
    /// <param name="groups">Number of groups, in [1, classes].</param>
    public static int MaxGroupSize(int classes, int groups)
    {
        CheckGroups(classes, groups);
        return Math.Min((classes + groups - 1) / groups + 1, classes - (groups - 1) * MinGroupSize(classes, groups));
    }

    /// <summary>Two where there are enough: a group of one class leaves nothing to tell apart.</summary>
    private static int MinGroupSize(int classes, int groups) =>
        Math.Max(Math.Min(2, classes / groups), classes / groups - 1);

    private static void CheckGroups(int classes, int groups)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(groups, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(groups, classes);
    }

    private static void Improve(double[,] similarity, int[] groupOf, int groups)
    {
        int classes = groupOf.Length,
            smallest = MinGroupSize(classes, groups),
            largest = MaxGroupSize(classes, groups);
        int[] sizes = new int[groups];
        foreach (int group in groupOf)
            sizes[group]++;
        double[,] toGroup = new double[classes, groups];
        for (int first = 0; first < classes; first++)
        for (int second = 0; second < classes; second++)
            toGroup[first, groupOf[second]] += similarity[first, second];
        bool improved = true;
        for (int pass = 0; improved && pass < MaxPasses; pass++)
        {
            improved = false;
            for (int first = 0; first < classes; first++)
            {
                for (int second = first + 1; second < classes; second++)
                {
                    int a = groupOf[first],
                        b = groupOf[second];
                    double gain =
                        toGroup[first, b]
                        - toGroup[first, a]
                        + toGroup[second, a]
                        - toGroup[second, b]
                        - 2 * similarity[first, second];
                    if (a == b || gain <= MinGain)
                        continue;
                    Move(first, b);
                    Move(second, a);
                    improved = true;
                }

                for (int group = 0; group < groups; group++)
                {
                    int own = groupOf[first];
                    if (
                        group == own
                        || sizes[own] <= smallest
                        || sizes[group] >= largest
                        || toGroup[first, group] - toGroup[first, own] <= MinGain
                    )
                        continue;
                    Move(first, group);
                    improved = true;
                }
            }
        }

        void Move(int label, int group)
        {
            int own = groupOf[label];
            sizes[own]--;
            sizes[group]++;
            groupOf[label] = group;
            for (int other = 0; other < classes; other++)
            {
                toGroup[other, own] -= similarity[other, label];
                toGroup[other, group] += similarity[other, label];
            }
        }
    }

    private static double Within(double[,] similarity, int[] groupOf)
    {
        double sum = 0;
        for (int first = 0; first < groupOf.Length; first++)
        for (int second = 0; second < first; second++)
            if (groupOf[first] == groupOf[second])
                sum += similarity[first, second];
        return sum;
    }
}

/// <summary>
/// Gives class groups to clusters (proposal 3.2.2): each to the cluster that holds most of its importance, balanced.
/// </summary>
public static class ClassAssignment
{
    /// <summary>
    /// Assigns the groups so that every cluster gets ⌊groups/clusters⌋ or ⌈groups/clusters⌉ of them and the sum of the
    /// groups' shares is largest. A group's share of a cluster is the mean over its classes of the class's unit
    /// importance that lies in the cluster, divided by all of it. Exact, by linear assignment of groups to places in
    /// clusters.
    /// </summary>
    /// <param name="scores">Importance of the units per class. Borrowed.</param>
    /// <param name="graph">The graph that was partitioned.</param>
    /// <param name="clusterOfNode">Cluster of each node, in [0, clusterCount).</param>
    /// <param name="classGroups">The classes of each group; at least one group, no group empty, classes in [0, classes
    /// scored).</param>
    /// <param name="clusterCount">Number of clusters, at least 1.</param>
    /// <returns>The cluster of each group.</returns>
    public static int[] Assign(
        ImportanceScores scores,
        ImportanceGraph graph,
        int[] clusterOfNode,
        IReadOnlyList<int[]> classGroups,
        int clusterCount
    )
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(clusterOfNode);
        ArgumentNullException.ThrowIfNull(classGroups);
        ArgumentOutOfRangeException.ThrowIfLessThan(clusterCount, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(clusterOfNode.Length, graph.NodeCount);
        if (classGroups.Count == 0 || classGroups.Any(group => group.Length == 0))
            throw new ArgumentException(
                "There must be at least one class group, and a class in each.",
                nameof(classGroups)
            );
        ArgumentOutOfRangeException.ThrowIfNegative(classGroups.Min(group => group.Min()), nameof(classGroups));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(
            classGroups.Max(group => group.Max()),
            scores.ClassCount,
            nameof(classGroups)
        );

        double[,] shares = Shares(scores, graph, clusterOfNode, clusterCount);
        return Balance(GroupShares(shares, classGroups, clusterCount), classGroups.Count, clusterCount);
    }

    /// <summary>Where the importance of each class lies.</summary>
    /// <returns>Shape [classes, clusters], rows sum to 1 (to 0 for a class of no importance).</returns>
    internal static double[,] Shares(
        ImportanceScores scores,
        ImportanceGraph graph,
        int[] clusterOfNode,
        int clusterCount
    )
    {
        double[,] shares = new double[scores.ClassCount, clusterCount];
        for (int label = 0; label < scores.ClassCount; label++)
        {
            double total = 0;
            for (int node = 0; node < graph.NodeCount; node++)
            {
                double importance = scores.UnitsByClass[graph.Nodes[node].Space][label, graph.Nodes[node].Unit];
                shares[label, clusterOfNode[node]] += importance;
                total += importance;
            }

            for (int cluster = 0; cluster < clusterCount && total > 0; cluster++)
                shares[label, cluster] /= total;
        }

        return shares;
    }

    private static double[,] GroupShares(double[,] shares, IReadOnlyList<int[]> groups, int clusterCount)
    {
        double[,] result = new double[groups.Count, clusterCount];
        for (int group = 0; group < groups.Count; group++)
        {
            for (int cluster = 0; cluster < clusterCount; cluster++)
                result[group, cluster] = groups[group].Average(label => shares[label, cluster]);
        }

        return result;
    }

    // Every cluster offers ⌈groups/clusters⌉ places. Rows beyond the groups stand for places left free, which may only
    // be each cluster's last: the others are forbidden to them by a value that no sum of shares can make up for.
    private static int[] Balance(double[,] shares, int groupCount, int clusterCount)
    {
        int places = (groupCount + clusterCount - 1) / clusterCount,
            size = places * clusterCount;
        double[,] values = new double[size, size];
        for (int row = 0; row < size; row++)
        {
            for (int place = 0; place < size; place++)
            {
                int cluster = place % clusterCount;
                bool last = place / clusterCount == places - 1;
                double free = last ? 0 : -2 * (size + 1);
                values[row, place] = row < groupCount ? shares[row, cluster] : free;
            }
        }

        return [.. LinearAssignment.Maximise(values).Take(groupCount).Select(place => place % clusterCount)];
    }
}
