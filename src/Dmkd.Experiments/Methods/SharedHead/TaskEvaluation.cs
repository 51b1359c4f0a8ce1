using Dmkd.Core.Evaluation;
using Dmkd.Core.Routing;
using Dmkd.Core.Training;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Methods.SharedHead;

/// <summary>Tests a model with one output for each class of the data set on the tasks it has seen (proposal 3.5).</summary>
internal static class TaskEvaluation
{
    /// <summary>Measures a model; it answers with the best of the classes seen so far, or of the task's when that is known.</summary>
    /// <param name="model">Put into evaluation mode. Borrowed.</param>
    /// <param name="problem">The test images.</param>
    /// <param name="lastTask">The last task it has seen.</param>
    /// <param name="device">Where the model is.</param>
    public static TaskScores Measure(nn.Module<Tensor, Tensor> model, ContinualProblem problem, int lastTask, Device device)
    {
        model.eval();
        int classes = problem.Dataset.ClassNames.Count;
        ConfusionMatrix confusion = new(classes);
        double[] classIncremental = new double[lastTask + 1], taskIncremental = new double[lastTask + 1];
        int[] seen = [.. Enumerable.Range(0, lastTask + 1).SelectMany(problem.Tasks.ClassesOf)];
        int detected = 0, total = 0;
        for (int task = 0; task <= lastTask; task++)
        {
            var own = problem.Tasks.ClassesOf(task);
            var (logits, labels) = Answers(model, problem, own, device);
            int classRight = 0, taskRight = 0;
            for (int i = 0; i < labels.Length; i++)
            {
                int predicted = Best(logits, i, classes, seen);
                confusion.Add(labels[i], predicted);
                if (predicted == labels[i]) classRight++;
                if (Best(logits, i, classes, own) == labels[i]) taskRight++;
                if (problem.Tasks.TaskOf(predicted) == task) detected++;
            }

            classIncremental[task] = (double)classRight / labels.Length;
            taskIncremental[task] = (double)taskRight / labels.Length;
            total += labels.Length;
        }

        return new TaskScores(classIncremental, taskIncremental, confusion.MacroF1, (double)detected / total);
    }

    private static (float[] Logits, int[] Labels) Answers(nn.Module<Tensor, Tensor> model, ContinualProblem problem, IReadOnlyList<int> classes, Device device)
    {
        var test = problem.Dataset.Test;
        test = test.Select(test.PositionsOf(classes));
        using var pixels = ImageTensors.PixelTensor(test.Pixels, test.Count, test.Channels, test.Height);
        using var logits = ModelOutputs.Of(model, pixels, device);
        return (ExpertScorer.ToArray(logits), test.Labels);
    }

    private static int Best(float[] logits, int input, int classes, IReadOnlyList<int> candidates) =>
        candidates.MaxBy(candidate => logits[input * classes + candidate]);
}
