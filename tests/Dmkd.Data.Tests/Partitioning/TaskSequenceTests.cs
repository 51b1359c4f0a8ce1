using CsCheck;
using Dmkd.Data.Partitioning;

namespace Dmkd.Data.Tests.Partitioning;

public sealed class TaskSequenceTests
{
    [Fact]
    public void Split_TenClassesInThreeTasks_GivesTheRestToTheFirst()
    {
        var tasks = TaskSequence.Split(10, 3);

        Assert.Equal(3, tasks.Count);
        Assert.Equal([0, 1, 2, 3], tasks.ClassesOf(0));
        Assert.Equal([4, 5, 6], tasks.ClassesOf(1));
        Assert.Equal([7, 8, 9], tasks.ClassesOf(2));
    }

    [Fact]
    public void Split_AnySizes_CoversEveryClassOnceInOrder() =>
        Gen.Select(Gen.Int[2, 200], Gen.Int[1, 100])
            .Where((classes, tasks) => tasks <= classes / 2)
            .Sample(
                (classes, tasks) =>
                {
                    var sequence = TaskSequence.Split(classes, tasks);
                    var sizes = Enumerable.Range(0, tasks).Select(task => sequence.ClassesOf(task).Count).ToList();

                    Assert.Equal(
                        Enumerable.Range(0, classes),
                        Enumerable.Range(0, tasks).SelectMany(sequence.ClassesOf)
                    );
                    Assert.InRange(sizes.Max() - sizes.Min(), 0, 1);
                    Assert.True(sizes.Min() >= 2);
                    Assert.All(
                        Enumerable.Range(0, classes),
                        label => Assert.Contains(label, sequence.ClassesOf(sequence.TaskOf(label)))
                    );
                }
            );

    [Fact]
    public void Split_FewerThanTwoClassesATask_NamesTheNumbers() =>
        DatasetErrors.Expect(() => TaskSequence.Split(10, 6), "10 classes", "at most 5 tasks", "6 tasks");

    [Theory]
    [InlineData(1, 1)]
    [InlineData(10, 0)]
    public void Split_NothingToSplit_Throws(int classes, int tasks) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => TaskSequence.Split(classes, tasks));

    [Fact]
    public void OfSizes_UnequalTasks_TakeClassesInOrder()
    {
        var tasks = TaskSequence.Split(9, 5, "4, 2,3");

        Assert.Equal(3, tasks.Count);
        Assert.Equal(
            [
                [0, 1, 2, 3],
                [4, 5],
                [6, 7, 8],
            ],
            Enumerable.Range(0, 3).Select(tasks.ClassesOf)
        );
        Assert.Equal(2, tasks.TaskOf(6));
    }

    [Theory]
    [InlineData("4,4", "8 classes", "has 9")]
    [InlineData("8,1", "2 or more", "'8,1'")]
    [InlineData("4;5", "'4;5'")]
    [InlineData("9000000000,2", "'9000000000,2'")]
    public void OfSizes_OtherSizes_NameTheNumbers(string sizes, params string[] parts) =>
        DatasetErrors.Expect(() => TaskSequence.OfSizes(9, sizes), ["--task-sizes", .. parts]);

    [Fact]
    public void Lookups_OutsideTheSequence_Throw()
    {
        var tasks = TaskSequence.Split(10, 5);

        Assert.Throws<ArgumentOutOfRangeException>(() => tasks.ClassesOf(5));
        Assert.Throws<ArgumentOutOfRangeException>(() => tasks.TaskOf(10));
        Assert.Throws<ArgumentOutOfRangeException>(() => tasks.TaskOf(-1));
    }
}
