using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Tensors;
using Dmkd.Core.Training;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Learners;

/// <summary>
/// Tests a model with one output for each class of the data set on the tasks it has seen (proposal 3.5).
/// </summary>
internal static class TaskEvaluation
{
    private const int ChunkSize = 256;

    /// <summary>
    /// Measures a model; it answers with the best of the classes seen so far, or of the task's when that is known.
    /// </summary>
    /// <param name="model">Put into evaluation mode. Borrowed.</param>
    /// <param name="problem">The test images.</param>
    /// <param name="lastTask">The last task it has seen.</param>
    /// <param name="device">Where the model is.</param>
    /// <exception cref="NoFiniteAnswerException">Training has spoilt the model.</exception>
    public static EvaluationScores Measure(
        nn.Module<Tensor, Tensor> model,
        ContinualProblem problem,
        int lastTask,
        Device device
    )
    {
        model.eval();
        int classes = problem.Dataset.ClassNames.Count;
        int[] seen = [.. Enumerable.Range(0, lastTask + 1).SelectMany(problem.Tasks.ClassesOf)];
        var evaluator = new Evaluator(lastTask + 1, classes);
        for (int task = 0; task <= lastTask; task++)
        {
            var own = problem.Tasks.ClassesOf(task);
            var test = problem.Dataset.Test.Select(problem.Dataset.Test.PositionsOf(own));
            using var inputs = ImageTensors.Encode(test);
            using var answers = Logits(model, inputs, device);
            float[] values = TensorMemory.ToArray(answers);
            FiniteValues.RequireRows(values, classes, $"the network after task {lastTask + 1}");
            float[][] logits = [.. values.Chunk(classes)];
            for (int i = 0; i < logits.Length; i++)
            {
                int predicted = Best(logits[i], seen);
                bool findsTask = problem.Tasks.TaskOf(predicted) == task;
                evaluator.Add(task, new TestAnswer(test.Labels[i], predicted, Best(logits[i], own), findsTask));
            }
        }

        return evaluator.Scores;
    }

    /// <summary>Computes logits without gradients, in the mode the model is in.</summary>
    /// <param name="model">Borrowed.</param>
    /// <param name="pixels">uint8, shape [n, channels, size, size] with n at least 1, on the CPU. Borrowed.</param>
    /// <param name="device">Where the model is.</param>
    /// <returns>Float32, shape [n, outputs], on the CPU, owned by the caller.</returns>
    public static Tensor Logits(nn.Module<Tensor, Tensor> model, Tensor pixels, Device device)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        List<Tensor> chunks = [];
        foreach (var part in pixels.split(ChunkSize))
        {
            using var inner = NewDisposeScope();
            chunks.Add(model.forward(ImageTensors.Normalise(part.to(device))).cpu().MoveToOuterDisposeScope());
        }

        return cat(chunks).MoveToOuterDisposeScope();
    }

    private static int Best(float[] logits, IReadOnlyList<int> candidates) =>
        candidates.MaxBy(candidate => logits[candidate]);
}
