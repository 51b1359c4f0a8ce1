using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Core.Training;
using Dmkd.Data.Seeds;
using TorchSharp;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Learners;

/// <summary>
/// A method that trains one network with one head for all classes on pooled data. Backbone, order of the data, batches,
/// augmentation, passes and evaluation are the same for all of them, and the experts'; there are no rotation labels.
/// </summary>
/// <param name="device">Where it computes. Borrowed.</param>
/// <param name="options">How weights are stepped.</param>
public abstract class SharedHeadLearner(DeviceWorker device, TrainingOptions options) : IContinualLearner
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public Task<MethodResult> LearnAsync(
        ContinualProblem problem,
        Action<double> progress,
        CancellationToken cancellationToken
    ) => device.RunAsync(job => Learn(job, problem, progress), cancellationToken);

    private protected abstract ITaskLearner CreateLearner(LearningContext context);

    private MethodResult Learn(DeviceJob job, ContinualProblem problem, Action<double> progress)
    {
        using var network = SharedNetwork.Build(job, problem);
        var learning = new SharedHeadLearning(job, problem, options, progress);
        using var learner = CreateLearner(new LearningContext(network, problem, job, learning.Options));
        var architecture = network.Architecture;
        return learning.Learn(
            network,
            learner,
            new LearningRecord(Name, job, architecture.ParameterCount, architecture.MultiplyAdds)
        );
    }
}

/// <summary>Learns the tasks of a problem one after the other on pooled data, testing after each.</summary>
internal sealed class SharedHeadLearning(
    DeviceJob job,
    ContinualProblem problem,
    TrainingOptions options,
    Action<double> progress
)
{
    /// <summary>How weights are stepped, with the run's batches, passes and rounds.</summary>
    public TrainingOptions Options { get; } =
        options with
        {
            Rounds = problem.Settings.Training.Rounds,
            Epochs = problem.Settings.Training.Epochs,
            BatchSize = problem.Settings.Training.BatchSize,
        };

    /// <summary>Learns all tasks.</summary>
    /// <param name="model">One output for each class, on the job's device. Borrowed.</param>
    /// <param name="learner">The method. Borrowed.</param>
    /// <param name="record">Takes down what is measured.</param>
    public MethodResult Learn(nn.Module<Tensor, Tensor> model, ITaskLearner learner, LearningRecord record)
    {
        for (int task = 0; task < problem.Tasks.Count; task++)
        {
            using var data = SharedNetwork.TrainingImages(problem, problem.Tasks.ClassesOf(task));
            model.eval();
            Train(model, learner.BeginTask(task, data), data, task);
            if (task < problem.Tasks.Count - 1)
                learner.EndTask(task, data);
            record.Add(TaskEvaluation.Measure(model, problem, task, job.Device));
        }

        return record.Finish() with
        {
            Exemplars = learner.Exemplars,
        };
    }

    /// <summary>Trains for one task.</summary>
    /// <param name="model">Borrowed.</param>
    /// <param name="objective">What is minimised. Borrowed.</param>
    /// <param name="data">What it is trained on. Borrowed.</param>
    /// <param name="task">The task, from 0.</param>
    public void Train(nn.Module<Tensor, Tensor> model, Objective objective, ImageTensors data, int task)
    {
        using var generator = new Generator(
            (ulong)SeedSequence.Derive(problem.Settings.Seed, SeedPurpose.BaselineTraining, task),
            CPU
        );
        Trainer.Run(model, new ImageTrainingData(data), objective, Options, generator, Report, job.CancellationToken);

        void Report(double share) => progress((task + share) / problem.Tasks.Count);
    }
}

/// <summary>
/// What a method minimises in each task, and does between tasks. One object per run; owns its tensors.
/// </summary>
internal interface ITaskLearner : IDisposable
{
    /// <summary>Training images it keeps of past tasks.</summary>
    int Exemplars => 0;

    /// <summary>Called before a task is trained, with the model in evaluation mode.</summary>
    /// <param name="task">The task, from 0.</param>
    /// <param name="data">Its images, labelled by class. Borrowed.</param>
    /// <returns>What the task's training minimises.</returns>
    Objective BeginTask(int task, ImageTensors data);

    /// <summary>Called after every task but the last, as <see cref="BeginTask"/>.</summary>
    void EndTask(int task, ImageTensors data) { }

    void IDisposable.Dispose() { }
}

/// <summary>A method that does the same in every task and nothing between them.</summary>
/// <param name="objective">What every task's training minimises. Borrowed.</param>
internal sealed class SameObjective(Objective objective) : ITaskLearner
{
    public Objective BeginTask(int task, ImageTensors data) => objective;
}

/// <summary>What a method works with.</summary>
/// <param name="Network">The shared network. Borrowed.</param>
/// <param name="Problem">Data, order and budget.</param>
/// <param name="Job">The lane.</param>
/// <param name="Options">How weights are stepped, with the run's batches, passes and rounds.</param>
internal sealed record LearningContext(
    Network Network,
    ContinualProblem Problem,
    DeviceJob Job,
    TrainingOptions Options
)
{
    /// <summary>A generator for one purpose, owned by the caller.</summary>
    public Generator GeneratorFor(params ReadOnlySpan<long> path) =>
        new((ulong)SeedSequence.Derive(Problem.Settings.Seed, path), CPU);

    /// <summary>A source of random numbers for one purpose.</summary>
    public Random RandomFor(params ReadOnlySpan<long> path) => new(SeedSequence.Derive(Problem.Settings.Seed, path));
}

/// <summary>The backbone of all baselines: an expert's layers under one head for all classes.</summary>
internal static class SharedNetwork
{
    /// <summary>Describes the network of a problem.</summary>
    public static NetworkArchitecture ArchitectureOf(ContinualProblem problem)
    {
        var settings = problem.Settings;
        var images = problem.Dataset.Train;
        return NetworkFamily
            .Of(
                settings.Training.Architecture,
                settings.Training.Widths,
                images.Channels,
                images.Height,
                hasLegacy: settings.Legacy.Tasks > 0
            )
            .Expert(problem.Dataset.ClassNames.Count);
    }

    /// <summary>Builds it.</summary>
    /// <param name="job">The lane; the network comes to its device.</param>
    /// <param name="problem">The problem.</param>
    /// <param name="path">Numbers that tell its first weights from others; none for those all baselines start
    /// from.</param>
    /// <returns>In the current scope; owned by the caller.</returns>
    public static Network Build(DeviceJob job, ContinualProblem problem, params ReadOnlySpan<long> path)
    {
        using var generator = new Generator(
            (ulong)SeedSequence.Derive(problem.Settings.Seed, [SeedPurpose.BaselineWeights, .. path]),
            CPU
        );
        var network = ArchitectureOf(problem).Build(generator);
        network.to(job.Device);
        return network;
    }

    /// <summary>The training images of some classes of all nodes, labelled by class. Owned by the caller.</summary>
    public static ImageTensors TrainingImages(ContinualProblem problem, IReadOnlyCollection<int> classes) =>
        Images(problem, problem.Dataset.Train.PositionsOf(classes));

    /// <summary>Some training images, labelled by class. Owned by the caller.</summary>
    public static ImageTensors Images(ContinualProblem problem, ReadOnlySpan<int> positions)
    {
        var chosen = problem.Dataset.Train.Select(positions);
        return ImageTensors.From(chosen);
    }
}
