using Dmkd.Core.Training;

namespace Dmkd.Core.Tests.Training;

public sealed class EvaluatorTests
{
    [Fact]
    public void Scores_AnswersOfTwoTasks_AreCountedByTask()
    {
        Evaluator evaluator = new(tasks: 2, classes: 4);
        evaluator.Add(0, new TestAnswer(0, 0, 0, true));
        evaluator.Add(0, new TestAnswer(1, 3, 1, false)); // right once the task is known
        evaluator.Add(1, new TestAnswer(2, 3, 3, true)); // the right expert, and still wrong
        evaluator.Add(1, new TestAnswer(3, 3, 3, true));
        evaluator.Add(1, new TestAnswer(3, ConfusionMatrix.NoPrediction, 2, false));
        var scores = evaluator.Scores;
        Assert.Equal([0.5, 1 / 3.0], scores.ClassIncremental);
        Assert.Equal([1, 1 / 3.0], scores.TaskIncremental);
        Assert.Equal(3 / 5.0, scores.TaskDetectionRate);
        Assert.Equal((1 + 0 + 0 + 2 / 5.0) / 4, scores.MacroF1, 1e-15); // class 3: one hit, two false alarms, one miss
    }

    [Fact]
    public void Mean_TwoModels_IsTheMeanOfEachScore()
    {
        var mean = EvaluationScores.Mean([
            new EvaluationScores([1, 0], [1, 1], 0.5, 1),
            new EvaluationScores([0, 0.5], [0.5, 0], 1, 0),
        ]);
        Assert.Equal([0.5, 0.25], mean.ClassIncremental);
        Assert.Equal([0.75, 0.5], mean.TaskIncremental);
        Assert.Equal((0.75, 0.5), (mean.MacroF1, mean.TaskDetectionRate));
    }
}
