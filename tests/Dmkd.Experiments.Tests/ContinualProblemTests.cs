using Dmkd.Data.Images;
using Dmkd.Experiments.Learners;

namespace Dmkd.Experiments.Tests;

public sealed class ContinualProblemTests
{
    [Fact]
    public void Tasks_FourClassesInTwo_AreCutInOrder()
    {
        var problem = TinyProblem.Create();
        Assert.Equal([0, 1], problem.Tasks.ClassesOf(0));
        Assert.Equal([2, 3], problem.Tasks.ClassesOf(1));
    }

    [Fact]
    public void Constructor_TooManyTasks_ThrowsNamingTheLimit()
    {
        string message = Assert
            .Throws<DatasetException>(() =>
                new ContinualProblem(TinyProblem.Dataset(), TinyProblem.Settings with { Tasks = 3 })
            )
            .Message;
        Assert.Contains("4 classes make at most 2 tasks", message, StringComparison.Ordinal);
        Assert.Contains("3 tasks", message, StringComparison.Ordinal);
    }
}
