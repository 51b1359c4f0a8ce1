using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Training;

namespace Dmkd.Experiments.Learners;

/// <summary>
/// Joint training: the upper bound that forgets nothing because it sees everything (Buzzega et al. 2020, row "Joint"),
/// with SGD at 0.1. It trains at every task and not only at the end, so that each row of its accuracies is a bound:
/// after task t a network with the same first weights is trained from the start on the images of tasks 0 to t, for as
/// many passes as the others make over one task. The last row is joint training as published. Device time is that of
/// all these trainings, (T + 1) / 2 times that of the last. Verified: by tests on a problem that it solves; not against
/// published accuracies, whose backbone is larger.
/// </summary>
/// <param name="device">Where it computes. Borrowed.</param>
/// <param name="options">How weights are stepped.</param>
public sealed class JointTraining(DeviceWorker device, TrainingOptions options) : IContinualLearner
{
    /// <summary>Name in results and experiment files.</summary>
    public const string MethodName = "joint";

    /// <inheritdoc/>
    public string Name => MethodName;

    /// <inheritdoc/>
    public Task<MethodResult> LearnAsync(
        ContinualProblem problem,
        Action<double> progress,
        CancellationToken cancellationToken
    ) => device.RunAsync(job => Learn(job, problem, progress), cancellationToken);

    /// <summary>Reads the parameters of <see cref="LearnerOptions"/>.</summary>
    [Named(MethodName, "trains one network on all tasks at once: an upper bound", Order = 2)]
    internal static JointTraining Create(DeviceWorker device, MethodParameters parameters) =>
        new(device, LearnerOptions.Read(parameters, LearnerOptions.UsualLearningRate));

    private MethodResult Learn(DeviceJob job, ContinualProblem problem, Action<double> progress)
    {
        var architecture = SharedNetwork.ArchitectureOf(problem);
        LearningRecord record = new(Name, job, architecture.ParameterCount, architecture.MultiplyAdds);
        var learning = new SharedHeadLearning(job, problem, options, progress);
        var objective = new CrossEntropy();
        for (int task = 0; task < problem.Tasks.Count; task++)
        {
            int[] seen = [.. Enumerable.Range(0, task + 1).SelectMany(problem.Tasks.ClassesOf)];
            using var network = SharedNetwork.Build(job, problem);
            using var data = SharedNetwork.TrainingImages(problem, seen);
            learning.Train(network, objective, data, task);
            record.Add(TaskEvaluation.Measure(network, problem, task, job.Device));
        }

        return record.Finish();
    }
}

/// <summary>
/// Sequential fine-tuning: one network with one head for all classes learns the tasks one after the other on pooled
/// data, with nothing against forgetting. The usual lower bound (Buzzega et al. 2020, row "SGD"), with its optimizer
/// and learning rate: plain SGD at 0.1. (With the experts' AdamW the network dies at the third change of task, which
/// would be an unfair bound.) Backbone, batches, augmentation and number of passes over the data are the experts';
/// there are no rotation labels. Verified: ends near 1 / tasks class-incrementally, as published.
/// </summary>
/// <param name="device">Where it computes. Borrowed.</param>
/// <param name="options">How weights are stepped; as published when null.</param>
public sealed class SequentialFineTuning(DeviceWorker device, TrainingOptions? options = null)
    : SharedHeadLearner(device, options ?? LearnerOptions.Sgd(LearnerOptions.UsualLearningRate))
{
    /// <summary>Name in results and experiment files.</summary>
    public const string MethodName = "sequential-fine-tuning";

    /// <inheritdoc/>
    public override string Name => MethodName;

    /// <summary>Reads the parameters of <see cref="LearnerOptions"/>.</summary>
    [Named(MethodName, "trains one network on task after task", Order = 1)]
    internal static SequentialFineTuning Create(DeviceWorker device, MethodParameters parameters) =>
        new(device, LearnerOptions.Read(parameters, LearnerOptions.UsualLearningRate));

    private protected override ITaskLearner CreateLearner(LearningContext context) =>
        new SameObjective(new CrossEntropy());
}
