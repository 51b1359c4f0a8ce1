using CsCheck;
using Dmkd.Core.Preservation;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Preservation;

public sealed class ClassGroupingTests
{
    [Fact]
    public void Similarity_ByHand_IsTheProbabilityGivenToTheOtherClassBothWays()
    {
        using var scope = NewDisposeScope();
        // Class 0: (1/2, 1/4, 1/4) and (1/2, 1/2, 0); class 1: (1/8, 7/8, 0); class 2: sure of itself.
        var probabilities = tensor(
            new[,]
            {
                { 0.5, 0.25, 0.25 },
                { 0.5, 0.5, 0 },
                { 0.125, 0.875, 0 },
                { 0, 0, 1 },
            }
        );
        var similarity = ClassGrouping.Similarity(probabilities.log(), tensor(new long[] { 0, 0, 1, 2 }));
        Assert.Equal(0.375 + 0.125, similarity[0, 1], 1e-12);
        Assert.Equal(similarity[0, 1], similarity[1, 0]);
        Assert.Equal(0.125, similarity[0, 2], 1e-12);
        Assert.Equal(0, similarity[1, 2], 1e-12);
        Assert.Equal(0, similarity[1, 1]);
    }

    [Fact]
    public void Group_PlantedPairs_AreFound()
    {
        double[,] similarity = new double[10, 10];
        for (int label = 0; label < 10; label++)
        for (int other = 0; other < 10; other++)
            similarity[label, other] = label == other ? 0 : (label + other == 9 ? 1 : 0.1);
        Assert.Equal(
            [
                [0, 9],
                [1, 8],
                [2, 7],
                [3, 6],
                [4, 5],
            ],
            ClassGrouping.Group(similarity, 5, seed: 1)
        );
    }

    [Fact]
    public void Group_PlantedGroupsOfFourAndSix_AreFound()
    {
        int[] four = [0, 1, 8, 9];
        double[,] similarity = new double[10, 10];
        for (int label = 0; label < 10; label++)
        for (int other = 0; other < 10; other++)
            similarity[label, other] =
                label == other ? 0
                : four.Contains(label) == four.Contains(other) ? 0.2
                : 0.05;
        Assert.Equal([four, [2, 3, 4, 5, 6, 7]], ClassGrouping.Group(similarity, 2, seed: 1));
    }

    [Fact]
    public void Group_AnySimilarity_HoldsEveryClassOnceInGroupsOfAboutOneSize() =>
        Gen.Select(Gen.Int[1, 12], Gen.Int[1, 12], Gen.Int[0, 1000])
            .Sample(
                (classes, groups, seed) =>
                {
                    if (groups > classes)
                        return;
                    Random random = new(seed);
                    double[,] similarity = new double[classes, classes];
                    for (int a = 0; a < classes; a++)
                    for (int b = 0; b < a; b++)
                        similarity[a, b] = similarity[b, a] = random.NextDouble();
                    int[][] result = ClassGrouping.Group(similarity, groups, seed);
                    Assert.Equal(groups, result.Length);
                    Assert.Equal(Enumerable.Range(0, classes), result.SelectMany(group => group).Order());
                    Assert.All(
                        result,
                        group =>
                            Assert.InRange(
                                group.Length,
                                Math.Max(Math.Min(2, classes / groups), classes / groups - 1),
                                ClassGrouping.MaxGroupSize(classes, groups)
                            )
                    );
                    Assert.Equal(result.Select(group => group[0]).Order(), result.Select(group => group[0]));
                    Assert.Equal(result, ClassGrouping.Group(similarity, groups, seed));
                },
                iter: 200
            );

    [Theory]
    [InlineData(10, 2, 6)] // 5 and one more
    [InlineData(10, 3, 5)] // 4 and one more: 5, 3, 2
    [InlineData(10, 1, 10)]
    [InlineData(10, 10, 1)]
    [InlineData(10, 9, 2)] // every other group has a class
    public void LargestGroup_ClassesAndGroups_IsAnEvenShareAndOneMore(int classes, int groups, int expected) =>
        Assert.Equal(expected, ClassGrouping.MaxGroupSize(classes, groups));

    [Fact]
    public void Group_OneGroupThatIsAllAlike_IsTheLargest()
    {
        double[,] similarity = new double[10, 10];
        for (int label = 0; label < 6; label++)
        for (int other = 0; other < 6; other++)
            similarity[label, other] = label == other ? 0 : 1;
        Assert.Equal(
            ClassGrouping.MaxGroupSize(10, 2),
            ClassGrouping.Group(similarity, 2, seed: 1).Max(group => group.Length)
        );
    }

    [Theory]
    [InlineData(3)]
    [InlineData(0)]
    public void Group_MoreGroupsThanClassesOrNone_Throws(int groups)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ClassGrouping.Group(new double[2, 2], groups, seed: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ClassGrouping.MaxGroupSize(2, groups));
    }
}
