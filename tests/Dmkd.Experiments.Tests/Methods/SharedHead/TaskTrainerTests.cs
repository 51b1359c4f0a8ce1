using Dmkd.Core.Devices;
using Dmkd.Core.Modules;
using Dmkd.Core.Training;
using Dmkd.Experiments.Methods.SharedHead;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Tests.Methods.SharedHead;

public sealed class TaskTrainerTests
{
    [Theory]
    [InlineData(OptimizerKind.Sgd)]
    [InlineData(OptimizerKind.AdamW)]
    public async Task TrainRound_CrossEntropy_IsALocalUpdate(OptimizerKind optimizer)
    {
        using DeviceWorker device = new(lanes: 1);
        var settings = TinyProblem.Settings with { Training = TinyProblem.Settings.Training with { BatchSize = 8, Epochs = 2 } };
        bool equal = await device.RunAsync(
            job =>
            {
                using Network ours = TestData.Network(), theirs = TestData.Network();
                using var data = TestData.Images(17); // the last image joins its neighbours
                using Generator first = new(3UL, CPU), second = new(3UL, CPU);
                ours.train();
                TrainingOptions options = new(0.05) { Optimizer = optimizer };
                new TaskTrainer(job, settings, options).TrainRound(new Objective([.. ours.parameters()], new CrossEntropyRule(ours).Loss), data, first, 0, 4);
                LocalUpdateOptions same = new() { Epochs = 2, BatchSize = 8, Optimizer = optimizer, LearningRate = 0.05, RotationLabelled = false };
                LocalUpdate.Run(theirs, data, same, second);
                using WeightSet a = WeightSet.CopyOf(ours), b = WeightSet.CopyOf(theirs);
                return a.All(pair => pair.Value.bytes.SequenceEqual(b[pair.Key].bytes));
            },
            TestContext.Current.CancellationToken);
        Assert.True(equal);
    }

    [Fact]
    public void Mean_TwoModels_IsTheMeanOfEachScore()
    {
        var mean = TaskScores.Mean([new TaskScores([1, 0], [1, 1], 0.5, 1), new TaskScores([0, 0.5], [0.5, 0], 1, 0)]);
        Assert.Equal([0.5, 0.25], mean.ClassIncremental);
        Assert.Equal([0.75, 0.5], mean.TaskIncremental);
        Assert.Equal((0.75, 0.5), (mean.MacroF1, mean.TaskDetectionRate));
    }
}
