using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Training;
using Dmkd.Data.Seeds;
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
