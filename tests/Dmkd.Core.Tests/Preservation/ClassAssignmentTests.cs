using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;

namespace Dmkd.Core.Tests.Preservation;

public sealed class ClassAssignmentTests
{
    // One node per cluster, so that a class's importances are its shares times 10.
    private static readonly double[,] Importance =
    {
        { 9, 1, 0 },
        { 8, 1, 1 },
        { 7, 2, 1 },
        { 2, 8, 0 },
        { 5, 1, 4 },
    };

    [Fact]
    public void Assign_Singletons_MaximisesTheShareWithinTheBalance()
    {
        // Cluster 0 may keep two of the four groups that prefer it; group 4 loses least by leaving, group 2 gains most
        // elsewhere.
        int[] clusters = Assign(
            [
                [0],
                [1],
                [2],
                [3],
                [4],
            ],
            3
        );
        Assert.Equal([0, 0, 1, 1, 2], clusters);
    }

    [Fact]
    public void Assign_Groups_UsesTheirMeanShare() =>
        Assert.Equal(
            [1, 0],
            Assign(
                [
                    [3, 4],
                    [0, 1],
                ],
                2
            )
        );

    [Fact]
    public void Assign_OneClassOfHugeGradients_CountsLikeTheOthers()
    {
        double[,] importance =
        {
            { 60, 40, 0 },
            { 0.9, 0.1, 0 },
        };
        Assert.Equal(
            [1, 0],
            Assign(
                [
                    [0],
                    [1],
                ],
                2,
                importance
            )
        );
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(3, 3)]
    [InlineData(4, 3)]
    [InlineData(5, 3)]
    [InlineData(5, 1)]
    public void Assign_AnyCount_GivesEachClusterFloorOrCeiling(int groups, int clusters)
    {
        int[] assigned = Assign([.. Enumerable.Range(0, groups).Select(label => new[] { label })], clusters);
        Assert.All(
            Enumerable.Range(0, clusters),
            cluster =>
                Assert.InRange(assigned.Count(c => c == cluster), groups / clusters, (groups + clusters - 1) / clusters)
        );
    }

    [Fact]
    public void Assign_EmptyGroup_Throws() =>
        Assert.Throws<ArgumentException>(() =>
            Assign(
                [
                    [0],
                    [],
                ],
                2
            )
        );

    [Fact]
    public void Assign_UnknownClass_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Assign(
                [
                    [0],
                    [5],
                ],
                2
            )
        );

    [Fact]
    public void Assign_NoClusters_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Assign(
                [
                    [0],
                ],
                0
            )
        );

    private static int[] Assign(int[][] groups, int clusters, double[,]? importance = null)
    {
        importance ??= Importance;
        using var scores = new ImportanceScores(
            importance.GetLength(0),
            new WeightSet([]),
            new Dictionary<string, double[,]> { ["s"] = importance }
        );
        var graph = ImportanceGraph.FromEdges(ImportanceGraphTests.Nodes(3), []);
        return ClassAssignment.Assign(
            scores,
            graph,
            [.. Enumerable.Range(0, 3).Select(node => node % Math.Max(clusters, 1))],
            groups,
            clusters
        );
    }
}
