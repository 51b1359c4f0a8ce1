using Dmkd.Core.Modules;

namespace Dmkd.Core.Preservation;

/// <summary>Chooses the units of a cluster's expert (proposal 3.2.2): the cluster's own, within a least and a most width.</summary>
public static class UnitSelector
{
    private const int LeastUnits = 4;

    /// <summary>
    /// Takes the cluster's units in each space. Too few are filled up with the other units most important to the classes; of too
    /// many the most important ones stay. Every class counts alike, whatever the size of its gradients.
    /// </summary>
    /// <param name="architecture">Describes the legacy network.</param>
    /// <param name="scores">Importance of its units. Borrowed.</param>
    /// <param name="graph">The graph that was partitioned.</param>
    /// <param name="clusterOfNode">Cluster of each node.</param>
    /// <param name="cluster">The cluster to make an expert of.</param>
    /// <param name="classes">The classes of the cluster, at least one, in [0, classes scored).</param>
    /// <param name="options">
    /// Least and most width; both are rounded up, and never below 4 units (or all units, in a space with fewer).
    /// </param>
    public static UnitSelection Select(
        NetworkArchitecture architecture, ImportanceScores scores, ImportanceGraph graph, int[] clusterOfNode, int cluster,
        IReadOnlyList<int> classes, UnitSelectionOptions options)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(clusterOfNode);
        ArgumentNullException.ThrowIfNull(classes);
        Check(options);
        ArgumentOutOfRangeException.ThrowIfNotEqual(clusterOfNode.Length, graph.NodeCount);
        ArgumentOutOfRangeException.ThrowIfZero(classes.Count, nameof(classes));
        ArgumentOutOfRangeException.ThrowIfNegative(classes.Min(), nameof(classes));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(classes.Max(), scores.ClassCount, nameof(classes));

        var members = graph.Nodes.Where((_, node) => clusterOfNode[node] == cluster).ToHashSet();
        return new UnitSelection(architecture.UnitSpaces.Select(space => KeyValuePair.Create(
            space.Name, SelectIn(space, scores.UnitsByClass[space.Name], members, classes, options))));
    }

    private static IReadOnlyList<int> SelectIn(
        UnitSpace space, double[,] importance, HashSet<UnitNode> members, IReadOnlyList<int> classes, UnitSelectionOptions options)
    {
        double[] toClasses = ImportanceTo(classes, importance);
        int own = Enumerable.Range(0, space.Width).Count(unit => members.Contains(new UnitNode(space.Name, unit)));
        int width = Math.Clamp(own, Width(space, options.MinimumWidthFraction), Width(space, options.MaximumWidthFraction));
        // The sorts are stable: of equally important units the first is taken.
        return [.. Enumerable.Range(0, space.Width)
            .OrderByDescending(unit => members.Contains(new UnitNode(space.Name, unit)))
            .ThenByDescending(unit => toClasses[unit])
            .Take(width)
            .Order()];
    }

    private static double[] ImportanceTo(IReadOnlyList<int> classes, double[,] importance)
    {
        double[] sums = new double[importance.GetLength(1)];
        foreach (int label in classes)
        {
            double total = Enumerable.Range(0, sums.Length).Sum(unit => importance[label, unit]);
            for (int unit = 0; unit < sums.Length && total > 0; unit++) sums[unit] += importance[label, unit] / total;
        }

        return sums;
    }

    // A billionth less than the product, so that 0.1 of 30 units is 3 and not, by rounding error, 4.
    private static int Width(UnitSpace space, double fraction) =>
        Math.Clamp((int)Math.Ceiling(fraction * space.Width - 1e-9), Math.Min(LeastUnits, space.Width), space.Width);

    private static void Check(UnitSelectionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MinimumWidthFraction, 0);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaximumWidthFraction, options.MinimumWidthFraction);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaximumWidthFraction, 1);
    }
}
