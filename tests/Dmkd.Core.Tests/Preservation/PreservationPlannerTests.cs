using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Preservation;

public sealed class PreservationPlannerTests
{
    private static readonly NetworkArchitecture Architecture = PlantedNetwork.Architecture;

    [Fact]
    public void Plan_Default_IsThePlantedBlocksWithTheirClasses()
    {
        using var scores = Scores();
        var plan = Plan(scores, new());
        Assert.Equal(plan.Graph.Nodes.Select(node => PlantedNetwork.BlockOf(node.Unit)), plan.ClusterOfNode);
        Assert.Equal(
            [
                [0, 1],
                [2, 3],
            ],
            plan.Experts.Select(expert => expert.Classes)
        );
        Assert.Equal([0, 1], plan.Experts.Select(expert => expert.Cluster));
        Assert.Equal([0, 2, 4, 6], plan.Experts[0].Units["conv1"]);
        Assert.Equal([1, 3, 5, 7, 9, 11], plan.Experts[1].Units["conv2"]);
        Assert.All(plan.Experts, expert => Assert.Equal(scores.ShareOf(expert.Units), expert.ImportanceShare));
        Assert.Equal(1, plan.Experts.Sum(expert => expert.ImportanceShare), 1e-9); // every unit is in one expert
    }

    [Theory]
    [InlineData(PartitionStrategy.Spectral, 3)]
    [InlineData(PartitionStrategy.Random, 2)]
    [InlineData(PartitionStrategy.Random, 3)]
    [InlineData(PartitionStrategy.Importance, 3)]
    [InlineData(PartitionStrategy.Importance, 4)]
    [InlineData(PartitionStrategy.Spectral, 1)]
    public void Plan_NoGroups_GivesEveryClassToOneExpertInTheOrderOfTheirFirst(PartitionStrategy strategy, int experts)
    {
        using var scores = Scores();
        var plan = Plan(scores, new() { ExpertCount = experts, Strategy = strategy });
        Assert.Equal(experts, plan.Experts.Count);
        Assert.Equal([0, 1, 2, 3], plan.Experts.SelectMany(expert => expert.Classes).Order());
        Assert.All(plan.Experts, expert => Assert.Equal(expert.Classes.Order(), expert.Classes));
        Assert.Equal(
            plan.Experts.Select(expert => expert.Classes[0]).Order(),
            plan.Experts.Select(expert => expert.Classes[0])
        );
    }

    [Fact]
    public void Plan_FirstClusterHoldsLaterClasses_OrdersExpertsByClass()
    {
        using var scores = Scores();
        using var reversed = With(scores, (space, label, unit) => scores.UnitsByClass[space][3 - label, unit]);
        var plan = Plan(reversed, new());
        Assert.Equal(
            [
                [0, 1],
                [2, 3],
            ],
            plan.Experts.Select(expert => expert.Classes)
        );
        Assert.Equal([1, 0], plan.Experts.Select(expert => expert.Cluster));
        Assert.Equal([1, 3, 5, 7], plan.Experts[0].Units["conv1"]);
    }

    [Fact]
    public void Plan_Groups_AreKeptAscendingAndGoToTheirClusters()
    {
        using var scores = Scores();
        var plan = Plan(
            scores,
            new()
            {
                ClassGroups =
                [
                    [3, 1, 2],
                    [0],
                ],
            }
        );
        Assert.Equal(
            [
                [0],
                [1, 2, 3],
            ],
            plan.Experts.Select(expert => expert.Classes)
        );
        Assert.Equal([0, 1], plan.Experts.Select(expert => expert.Cluster));
    }

    [Fact]
    public void Plan_Random_KeepsTheSizesOfTheSpectralClustersInEverySpace()
    {
        using var scores = Scores();
        var spectral = Plan(scores, new());
        var random = Plan(scores, new() { Strategy = PartitionStrategy.Random });
        Assert.NotEqual(spectral.ClusterOfNode, random.ClusterOfNode);
        foreach (var space in Architecture.UnitSpaces)
        {
            Assert.Equal(Sizes(spectral, space.Name), Sizes(random, space.Name));
            Assert.Equal(
                Enumerable.Range(0, space.Width),
                random.Experts.SelectMany(expert => expert.Units[space.Name]).Order()
            ); // nothing is shared
        }
    }

    [Fact]
    public void Plan_Random_DependsOnTheSeedAlone()
    {
        using var scores = Scores();
        int[] first = Plan(scores, new() { Strategy = PartitionStrategy.Random, Seed = 5 }).ClusterOfNode;
        Assert.Equal(first, Plan(scores, new() { Strategy = PartitionStrategy.Random, Seed = 5 }).ClusterOfNode);
        Assert.NotEqual(first, Plan(scores, new() { Strategy = PartitionStrategy.Random, Seed = 6 }).ClusterOfNode);
    }

    [Fact]
    public void Plan_Importance_MayGiveTheSameUnitsToAllExperts()
    {
        using var scores = Scores();
        using var alike = With(scores, (_, _, unit) => 100 - unit); // every class needs the first units most
        var plan = Plan(alike, new() { Strategy = PartitionStrategy.Importance });
        Assert.All(
            plan.Experts,
            expert =>
            {
                Assert.Equal([0, 1, 2, 3], expert.Units["conv1"]);
                Assert.Equal([0, 1, 2, 3, 4, 5], expert.Units["conv2"]);
            }
        );
        var spectral = Plan(alike, new());
        Assert.Empty(spectral.Experts[0].Units["conv1"].Intersect(spectral.Experts[1].Units["conv1"]));
    }

    [Fact]
    public void Plan_Widths_AreTheOptions()
    {
        using var scores = Scores();
        var plan = Plan(scores, new() { Widths = new() { MinWidthFraction = 0.75 } });
        Assert.All(
            plan.Experts,
            expert => Assert.Equal([6, 9, 6], Architecture.UnitSpaces.Select(space => expert.Units[space.Name].Count))
        );
    }

    [Fact]
    public void Plan_NotAGroupForEachExpert_ThrowsNamingBothNumbers() =>
        Assert.Contains(
            "2 experts and 3 groups",
            Refused<ArgumentException>(
                new()
                {
                    ClassGroups =
                    [
                        [0],
                        [1, 2],
                        [3],
                    ],
                }
            ),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(new[] { 0, 1, 2 }, new[] { 2, 3 }, 2)]
    [InlineData(new[] { 0, 1 }, new[] { 3, 2, 3 }, 3)]
    public void Plan_ClassTwice_ThrowsNamingIt(int[] first, int[] second, int twice) =>
        Assert.Contains(
            $"Class {twice} ",
            Refused<ArgumentException>(new() { ClassGroups = [first, second] }),
            StringComparison.Ordinal
        );

    [Fact]
    public void Plan_EmptyGroup_Throws() =>
        Refused<ArgumentException>(
            new()
            {
                ClassGroups =
                [
                    [0, 1, 2, 3],
                    [],
                ],
            }
        );

    [Theory]
    [InlineData(-1)]
    [InlineData(4)]
    public void Plan_UnknownClass_Throws(int label) =>
        Refused<ArgumentOutOfRangeException>(
            new()
            {
                ClassGroups =
                [
                    [0, 1, 2],
                    [3, label],
                ],
            }
        );

    [Fact]
    public void Plan_MoreExpertsThanClasses_ThrowsNamingBothNumbers()
    {
        string message = Refused<ArgumentException>(new() { ExpertCount = 5 });
        Assert.Contains("5 experts", message, StringComparison.Ordinal);
        Assert.Contains("has 4", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_NoExperts_Throws() => Refused<ArgumentOutOfRangeException>(new() { ExpertCount = 0 });

    private static string Refused<TError>(PlanOptions options)
        where TError : Exception
    {
        using var scores = Scores();
        return Assert.Throws<TError>(() => Plan(scores, options)).Message;
    }

    private static PreservationPlan Plan(ImportanceScores scores, PlanOptions options) =>
        PreservationPlanner.Plan(Architecture, scores, options);

    private static ImportanceScores Scores()
    {
        using var scope = NewDisposeScope();
        using var network = PlantedNetwork.Build();
        var (inputs, labels) = PlantedNetwork.Data();
        return ImportanceScorer.Score(network, inputs, labels, 4, new());
    }

    /// <summary>The same weights' scores, and so the same graph, with other importances of the units.</summary>
    private static ImportanceScores With(ImportanceScores scores, Func<string, int, int, double> importance) =>
        new(
            4,
            scores.Weights.Map((_, score) => score.clone()),
            Architecture.UnitSpaces.ToDictionary(
                space => space.Name,
                space =>
                {
                    double[,] values = new double[4, space.Width];
                    for (int i = 0; i < values.Length; i++)
                        values[i / space.Width, i % space.Width] = importance(
                            space.Name,
                            i / space.Width,
                            i % space.Width
                        );
                    return values;
                }
            )
        );

    private static int[] Sizes(PreservationPlan plan, string space) =>
        [
            .. Enumerable
                .Range(0, 2)
                .Select(cluster =>
                    plan.Graph.Nodes.Zip(plan.ClusterOfNode)
                        .Count(pair => pair.First.Space == space && pair.Second == cluster)
                ),
        ];
}
