using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Settings;
using Dmkd.Grains.Libraries;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Rules;

public sealed class LessonsTests
{
    private static readonly RunSettings Empty = TinySettings() with
    {
        Library = new LibraryPlan(),
        Legacy = TinySettings().Legacy with { Tasks = 0 },
    };

    private static readonly OfferedNode[] Offered =
    [
        Node("art", true, ("dog", 30, 10), ("horse", 20, 8), ("lamp", 3, 1)),
        Node("photo", true, ("dog", 10, 6), ("elephant", 12, 6), ("cup", 40, 2)),
        Node("sketch", false, ("violin", 50, 10), ("dog", 50, 10)),
    ];

    [Fact]
    public void Add_TwoLessons_LabelsFollowOneAnotherAndNodesKeepTheirPlaces()
    {
        var first = Lessons.Add(Empty, new Lesson(["elephant", "cup"], []), Offered);
        var second = Lessons.Add(first, new Lesson(["dog", " horse "], []) { Rounds = 7 }, Offered);

        var plan = second.Library!;
        Assert.Equal(["elephant", "cup", "dog", "horse"], plan.ClassNames);
        Assert.Equal(["photo", "art"], plan.Nodes);
        Assert.Equal([0], plan.Tasks[0].Nodes);
        Assert.Equal([0, 1], plan.Tasks[1].Nodes);
        Assert.Equal((52L, 60L), (plan.Tasks[0].Examples, plan.Tasks[1].Examples));
        Assert.Equal(
            (2, "2,2", 2, 7),
            (second.Tasks, second.TaskSizes, second.Participation.Nodes, second.Training.Rounds)
        );
        Assert.Equal(first.Library!.Tasks[0], plan.Tasks[0]);
    }

    [Theory]
    [InlineData("dog", "", "at least 2 classes")]
    [InlineData("dog,dog", "", "'dog' is named twice")]
    [InlineData("dog,", "", "without a name")]
    [InlineData("dog,Horse", "", "is 'horse' meant?")]
    [InlineData("dog,violin", "", "has a class 'violin'; sketch has, and is away. Here are: art, photo.")]
    [InlineData("dog,lamp", "", "'lamp' needs 5 training examples at one node at least; the most", "are 3.")]
    [InlineData("dog,horse", "art,nobody", "Nobody offers a node 'nobody'. Here are: art, photo.")]
    [InlineData("dog,violin", "sketch", "Node 'sketch' is away.")]
    [InlineData("elephant,cup", "photo,art", "Node 'art' has none of these classes")]
    public void Add_NotAsItHasToBe_NamesWhat(string classes, string nodes, params string[] parts)
    {
        var lesson = new Lesson(classes.Split(','), nodes.Length == 0 ? [] : nodes.Split(','));

        var e = Assert.Throws<InvalidOperationException>(() => Lessons.Add(Empty, lesson, Offered));

        foreach (string part in parts)
            Assert.Contains(part, e.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("elephant,horse", "knows class 'elephant' already")]
    [InlineData("horse,Ele phant", "differs from 'elephant'")]
    public void Add_KnownClass_IsRefused(string classes, string part)
    {
        var known = Lessons.Add(Empty, new Lesson(["elephant", "cup"], []), Offered);

        var e = Assert.Throws<InvalidOperationException>(() =>
            Lessons.Add(known, new Lesson(classes.Split(','), []), Offered)
        );

        Assert.Contains(part, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100_001)]
    public void Add_RoundsBeyondTheLimits_IsRefused(int rounds)
    {
        var lesson = new Lesson(["elephant", "cup"], []) { Rounds = rounds };

        var e = Assert.Throws<InvalidOperationException>(() => Lessons.Add(Empty, lesson, Offered));

        Assert.Contains($"1 to 100000 rounds, not {rounds}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Add_NothingKeptForTesting_IsRefused()
    {
        OfferedNode[] offered = [Node("a", true, ("x", 20, 4), ("y", 20, 0))];

        var e = Assert.Throws<InvalidOperationException>(() => Lessons.Add(Empty, new Lesson(["x", "y"], []), offered));

        Assert.Contains("No node keeps 5 examples", e.Message, StringComparison.Ordinal);
    }

    private static OfferedNode Node(string name, bool isHere, params (string Class, int Train, int Test)[] classes) =>
        new(
            new NodeOffer
            {
                Name = name,
                Silo = "S127.0.0.1:1:1",
                Modality = "images",
                Classes = [.. classes.Select(own => own.Class)],
                TrainCounts = [.. classes.Select(own => own.Train)],
                TestCounts = [.. classes.Select(own => own.Test)],
            },
            isHere
        );
}
