using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Settings;
using Dmkd.Data.Images;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Runs.Stages;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Rules;

/// <summary>A party's own images under a library's names, and what is made of the counts that parties tell.</summary>
public sealed class PartyDataTests
{
    private static readonly LibraryPlan Plan = new()
    {
        Nodes = ["a"],
        Tasks =
        [
            new LearnedTask
            {
                Classes = ["horse", "dog"],
                Nodes = [0],
                Examples = 14,
            },
            new LearnedTask
            {
                Classes = ["cup", "lamp"],
                Nodes = [0],
                Examples = 6,
            },
        ],
    };

    private static readonly RunSettings Settings = TinySettings() with
    {
        Library = Plan,
        Tasks = 2,
        TaskSizes = "2,2",
        Fitting = TinySettings().Fitting with { Exemplars = 8 },
    };

    /// <summary>The party calls its classes in another order, has one that nobody learns, and of one too few.</summary>
    private static readonly string[] Own = ["cup", "dog", "horse", "lamp", "own"];

    [Fact]
    public void ShardOf_ATask_HasItsClassesByTheLibrarysLabels()
    {
        var data = Data(train: [6, 8, 6, 4, 9], test: [5, 5, 5, 5, 5]);

        Assert.Equal([0, 1], data.ClassesOf(0));
        Assert.Equal((6, 8), (Count(data.ShardOf(0).Labels, 0), Count(data.ShardOf(0).Labels, 1)));
        Assert.Equal([2], Picture(data.ShardOf(0), label: 0)); // horse is the party's third class
        Assert.Equal([1], Picture(data.ShardOf(0), label: 1));
    }

    [Fact]
    public void ShardOf_ClassOfTooFew_IsLeftOut()
    {
        var data = Data(train: [6, 8, 6, 4, 9], test: [5, 5, 5, 5, 5]);

        Assert.Equal((6, 0), (Count(data.ShardOf(1).Labels, 0), Count(data.ShardOf(1).Labels, 1)));
        Assert.DoesNotContain(3, data.MeasuredOf(1, 100).Labels);
    }

    [Fact]
    public void HeldOut_KnownClassesOfEnough_ByTheLibrarysLabels()
    {
        var data = Data(train: [6, 8, 6, 6, 9], test: [5, 7, 4, 6, 8]);

        int[] labels = data.HeldOut().Labels;

        Assert.Equal((0, 7, 5, 6), (Count(labels, 0), Count(labels, 1), Count(labels, 2), Count(labels, 3)));
        Assert.Equal(18, labels.Length);
    }

    [Fact]
    public void Sum_CountsOfTwoNodes_AreThoseOfAllTheirExamples()
    {
        EvaluationReport[] reports =
        [
            new(4, [8, 2, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [9, 6, 0, 0], [10, 6, 0, 0]),
            new(4, [0, 0, 0, 0, 1, 1, 2, 0, 0, 0, 3, 1, 1, 0, 0, 3], [0, 3, 4, 4], [0, 2, 4, 3]),
        ];

        var result = FederatedEvaluation.Sum(reports, [2, 2]);

        Assert.Equal([15.0 / 20, 6.0 / 8], result.ClassIncremental);
        Assert.Equal([18.0 / 20, 8.0 / 8], result.TaskIncremental);
        Assert.Equal(25.0 / 28, result.TaskDetectionRate);
    }

    private static PartyData Data(int[] train, int[] test) =>
        new(new ImageDataset("own", Own, Images(train), Images(test)), RunData.OfLibrary(Settings), node: 0);

    /// <summary>Images of one pixel, whose value is their class.</summary>
    private static ImageSet Images(int[] counts)
    {
        int[] labels = [.. counts.SelectMany((count, label) => Enumerable.Repeat(label, count))];
        return new ImageSet([.. labels.SelectMany(label => Enumerable.Repeat((byte)label, 3))], labels, 3, 1, 1);
    }

    private static int Count(int[] labels, int label) => labels.Count(one => one == label);

    private static int[] Picture(ImageSet images, int label) =>
        [
            .. Enumerable
                .Range(0, images.Count)
                .Where(image => images.Labels[image] == label)
                .Select(image => (int)images.Image(image)[0])
                .Distinct(),
        ];
}
