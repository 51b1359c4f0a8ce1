using System.Diagnostics;
using Dmkd.Core.Devices;
using Dmkd.Core.Evaluation;
using Dmkd.Core.Modules;
using Dmkd.Core.Routing;
using Dmkd.Core.Training;
using Dmkd.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Methods;

/// <summary>
/// Sequential fine-tuning: one network with one head for all classes learns the tasks one after the other on pooled data, with
/// nothing against forgetting. The usual lower bound (Buzzega et al. 2020, row "SGD"), with its optimizer and learning rate: plain
/// SGD at 0.1. (With the experts' AdamW the network dies at the third change of task, which would be an unfair bound.) Backbone,
/// batches, augmentation and number of passes over the data are the experts'; there are no rotation labels. Verified: ends near
/// 1 / tasks class-incrementally, as published.
/// </summary>
/// <param name="device">Where it computes. Borrowed.</param>
/// <param name="learningRate">Learning rate of a task's first round.</param>
public sealed class SequentialFineTuning(DeviceWorker device, double learningRate = SequentialFineTuning.UsualLearningRate) : IContinualLearner
{
    /// <summary>Name in results and experiment files.</summary>
    public const string MethodName = "sequential-fine-tuning";

    /// <summary>The published learning rate.</summary>
    public const double UsualLearningRate = 0.1;

    private const int InitialPurpose = 51;
    private const int TrainingPurpose = 52;

    /// <inheritdoc/>
    public string Name => MethodName;

    /// <inheritdoc/>
    public Task<MethodResult> LearnAsync(ContinualProblem problem, Action<double> progress, CancellationToken cancellationToken) =>
        device.RunAsync(job => Learn(job, problem, progress), cancellationToken);

    private MethodResult Learn(DeviceJob job, ContinualProblem problem, Action<double> progress)
    {
        var clock = Stopwatch.StartNew();
        var settings = problem.Settings;
        var images = problem.Dataset.Train;
        var architecture = new ConvNetArchitecture(images.Channels, images.Height, settings.Widths, problem.Dataset.ClassNames.Count);
        using var initial = new Generator((ulong)SeedSequence.Derive(settings.Seed, InitialPurpose), CPU);
        using var network = architecture.Build(initial);
        network.to(job.Device);

        var rows = new List<(double[] Class, double[] Task)>();
        var last = new Evaluation([], [], 0, 0);
        for (int task = 0; task < problem.Tasks.Count; task++)
        {
            int done = task;
            Train(job, network, problem, task, share => progress((done + share) / problem.Tasks.Count));
            last = Evaluate(job, network, problem, task);
            rows.Add((last.ClassIncremental, last.TaskIncremental));
        }

        return new MethodResult
        {
            Method = Name,
            ClassIncremental = [.. rows.Select(row => row.Class)],
            TaskIncremental = [.. rows.Select(row => row.Task)],
            MacroF1 = last.MacroF1,
            TaskDetectionRate = last.TaskDetectionRate,
            DeviceSeconds = job.Elapsed.TotalSeconds,
            WallSeconds = clock.Elapsed.TotalSeconds,
            Parameters = architecture.ParameterCount,
            MacsPerInput = architecture.MultiplyAdds,
        };
    }

    private void Train(DeviceJob job, Network network, ContinualProblem problem, int task, Action<double> progress)
    {
        var settings = problem.Settings;
        var own = problem.Tasks.ClassesOf(task);
        var train = problem.Dataset.Train;
        var pooled = train.Select(train.PositionsOf(own));
        using var data = ImageTensors.From(pooled.Pixels, pooled.Labels, pooled.Channels, pooled.Height);
        using var generator = new Generator((ulong)SeedSequence.Derive(settings.Seed, TrainingPurpose, task), CPU);
        for (int round = 0; round < settings.Rounds; round++)
        {
            int done = round;
            var options = new LocalUpdateOptions
            {
                Epochs = settings.Epochs,
                BatchSize = settings.BatchSize,
                Optimizer = OptimizerKind.Sgd,
                LearningRate = LearningRateSchedule.Cosine(learningRate, round, settings.Rounds),
                RotationLabelled = false,
            };
            LocalUpdate.Run(
                network, data, options, generator, progress: share => progress((done + share) / settings.Rounds), cancellationToken: job.CancellationToken);
        }
    }

    private static Evaluation Evaluate(DeviceJob job, Network network, ContinualProblem problem, int lastTask)
    {
        int classes = problem.Dataset.ClassNames.Count;
        var confusion = new ConfusionMatrix(classes);
        double[] classIncremental = new double[lastTask + 1], taskIncremental = new double[lastTask + 1];
        int[] seen = [.. Enumerable.Range(0, lastTask + 1).SelectMany(problem.Tasks.ClassesOf)];
        int detected = 0, total = 0;
        for (int task = 0; task <= lastTask; task++)
        {
            var own = problem.Tasks.ClassesOf(task);
            var test = problem.Dataset.Test;
            test = test.Select(test.PositionsOf(own));
            using var pixels = ImageTensors.PixelTensor(test.Pixels, test.Count, test.Channels, test.Height);
            using var scores = ExpertScorer.Score(network, pixels.to(job.Device), rotationLabelled: false);
            float[] logits = ExpertScorer.ToArray(scores);
            int classRight = 0, taskRight = 0;
            for (int i = 0; i < test.Count; i++)
            {
                int predicted = Best(logits, i, classes, seen), actual = test.Labels[i];
                confusion.Add(actual, predicted);
                if (predicted == actual) classRight++;
                if (Best(logits, i, classes, own) == actual) taskRight++;
                if (problem.Tasks.TaskOf(predicted) == task) detected++;
            }

            classIncremental[task] = (double)classRight / test.Count;
            taskIncremental[task] = (double)taskRight / test.Count;
            total += test.Count;
        }

        return new Evaluation(classIncremental, taskIncremental, confusion.MacroF1, (double)detected / total);
    }

    private static int Best(float[] logits, int input, int classes, IReadOnlyList<int> candidates) =>
        candidates.MaxBy(candidate => logits[input * classes + candidate]);

    private sealed record Evaluation(double[] ClassIncremental, double[] TaskIncremental, double MacroF1, double TaskDetectionRate);
}
