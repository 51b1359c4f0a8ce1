using System.ComponentModel.DataAnnotations;
using Dmkd.Core.Models;

namespace Dmkd.Core.Preservation;

/// <summary>Divides a scored legacy network into experts (proposal 3.2.2): graph, partition, classes, units.</summary>
public static class PreservationPlanner
{
    /// <summary>Makes a plan.</summary>
    /// <param name="architecture">Describes the legacy network.</param>
    /// <param name="scores">Its scores. Borrowed.</param>
    /// <param name="options">How to divide.</param>
    /// <exception cref="ArgumentException">The groups do not fit the experts or the classes, or the widths cannot be
    /// had.</exception>
    public static PreservationPlan Plan(NetworkArchitecture architecture, ImportanceScores scores, PlanOptions options)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ExpertCount, 1);
        if (options.ExpertCount > scores.ClassCount)
            throw new ArgumentException(
                $"{options.ExpertCount} experts need at least as many classes; the legacy network has {scores.ClassCount}.",
                nameof(options)
            );
        if (options.ClassGroups is { } given)
            CheckGroups(given, options.ExpertCount);

        var graph = ImportanceGraph.Build(architecture, scores);
        int[] clusters = SpectralPartitioner.Partition(
            graph,
            options.ExpertCount,
            new SpectralOptions { Seed = options.Seed, BalanceSpaces = true }
        );
        if (options.Strategy is PartitionStrategy.Random)
            clusters = RandomPartitioner.OfSameSizes(graph, clusters, options.Seed);
        return new PreservationPlan(
            graph,
            clusters,
            [
                .. Groups(scores, graph, clusters, options)
                    .OrderBy(group => group.Classes[0])
                    .Select(group => Expert(architecture, scores, graph, clusters, group, options)),
            ]
        );
    }

    private static ExpertPlan Expert(
        NetworkArchitecture architecture,
        ImportanceScores scores,
        ImportanceGraph graph,
        int[] clusters,
        (int Cluster, int[] Classes) group,
        PlanOptions options
    )
    {
        var units =
            options.Strategy is PartitionStrategy.Importance
                ? UnitSelector.MostImportant(
                    architecture,
                    scores,
                    group.Classes,
                    1.0 / options.ExpertCount,
                    options.Widths
                )
                : UnitSelector.Select(
                    architecture,
                    scores,
                    graph,
                    clusters,
                    group.Cluster,
                    group.Classes,
                    options.Widths
                );
        return new ExpertPlan(group.Cluster, group.Classes, units, scores.ShareOf(units));
    }

    private static IEnumerable<(int Cluster, int[] Classes)> Groups(
        ImportanceScores scores,
        ImportanceGraph graph,
        int[] clusters,
        PlanOptions options
    )
    {
        IReadOnlyList<int[]> groups =
            options.ClassGroups ?? [.. Enumerable.Range(0, scores.ClassCount).Select(label => (int[])[label])];
        int[] clusterOfGroup = ClassAssignment.Assign(scores, graph, clusters, groups, options.ExpertCount);
        return Enumerable
            .Range(0, options.ExpertCount)
            .Select(cluster =>
                (
                    cluster,
                    (int[])
                        [
                            .. groups
                                .Where((_, group) => clusterOfGroup[group] == cluster)
                                .SelectMany(classes => classes)
                                .Order(),
                        ]
                )
            );
    }

    private static void CheckGroups(IReadOnlyList<int[]> groups, int experts)
    {
        if (groups.Count != experts)
            throw new ArgumentException(
                $"There are {experts} experts and {groups.Count} groups of classes; they must be as many.",
                nameof(groups)
            );
        int[] classes = [.. groups.SelectMany(group => group)];
        if (classes.Length != classes.Distinct().Count())
            throw new ArgumentException(
                $"Class {classes.GroupBy(c => c).First(same => same.Count() > 1).Key} is in more than one group.",
                nameof(groups)
            );
    }
}

/// <summary>A legacy network divided into experts.</summary>
/// <param name="Graph">The graph that was partitioned.</param>
/// <param name="ClusterOfNode">Cluster of each node, in [0, K).</param>
/// <param name="Experts">The experts, in the order of their first class.</param>
public sealed record PreservationPlan(ImportanceGraph Graph, int[] ClusterOfNode, IReadOnlyList<ExpertPlan> Experts);

/// <summary>What one expert is cut from.</summary>
/// <param name="Cluster">Its cluster of the partition, in [0, K).</param>
/// <param name="Classes">The legacy outputs it answers for, ascending.</param>
/// <param name="Units">The units it keeps.</param>
/// <param name="ImportanceShare">Share of the legacy network's importance that these units carry, in [0, 1].</param>
public sealed record ExpertPlan(int Cluster, int[] Classes, UnitSelection Units, double ImportanceShare);

/// <summary>How a legacy network is divided into experts (proposal 3.2.2).</summary>
public sealed class PlanOptions
{
    /// <summary>Gets or sets the number of experts, the proposal's K. Default: 2.</summary>
    [Range(1, 1000)]
    public int ExpertCount { get; set; } = 2;

    /// <summary>Gets or sets how units are divided. Default: spectral.</summary>
    public PartitionStrategy Strategy { get; set; }

    /// <summary>
    /// Gets or sets the classes of each expert, one group for each of <see cref="ExpertCount"/>. Default: null, every
    /// class goes to the cluster that holds most of its importance, balanced.
    /// </summary>
    public IReadOnlyList<int[]>? ClassGroups { get; set; }

    /// <summary>Gets or sets how wide experts are.</summary>
    public UnitSelectionOptions Widths { get; set; } = new();

    /// <summary>Gets or sets the seed of the partition. Default: 0.</summary>
    public int Seed { get; set; }
}
