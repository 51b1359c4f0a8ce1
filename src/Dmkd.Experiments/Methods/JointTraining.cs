using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Data;
using Dmkd.Experiments.Methods.SharedHead;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Methods;

/// <summary>
/// Joint training: the upper bound that forgets nothing because it sees everything (Buzzega et al. 2020, row "Joint"), with SGD at 0.1.
/// It trains at every task and not only at the end, so that each row of its accuracies is a bound: after task t a network with the
/// same first weights is trained from the start on the images of tasks 0 to t, for as many passes as the others make over one
/// task. The last row is joint training as published. Device time is that of all these trainings, (T + 1) / 2 times that of the last.
/// Verified: by tests on a problem that it solves; not against published accuracies, whose backbone is larger.
/// </summary>
/// <param name="device">Where it computes. Borrowed.</param>
/// <param name="options">How weights are stepped.</param>
public sealed class JointTraining(DeviceWorker device, TrainingOptions options) : IContinualLearner
{
    /// <summary>Name in results and experiment files.</summary>
    public const string MethodName = "joint";

    private const double UsualLearningRate = 0.1;

    /// <inheritdoc/>
    public string Name => MethodName;

    /// <inheritdoc/>
    public Task<MethodResult> LearnAsync(ContinualProblem problem, Action<double> progress, CancellationToken cancellationToken) =>
        device.RunAsync(job => Learn(job, problem, progress), cancellationToken);

    /// <summary>Reads the parameters of <see cref="TrainingOptions"/>.</summary>
    [Named(MethodName, "trains one network on all tasks at once: an upper bound", Order = 2)]
    internal static JointTraining Create(DeviceWorker device, MethodParameters parameters) =>
        new(device, TrainingOptions.Read(parameters, UsualLearningRate));

    private MethodResult Learn(DeviceJob job, ContinualProblem problem, Action<double> progress)
    {
        LearningRecord record = new(Name, job);
        for (int task = 0; task < problem.Tasks.Count; task++)
        {
            int done = task;
            using var network = SharedNetwork.Build(job, problem);
            Train(job, problem, network, task, share => progress((done + share) / problem.Tasks.Count));
            record.Add(TaskEvaluation.Measure(network, problem, task, job.Device));
        }

        var architecture = SharedNetwork.ArchitectureOf(problem);
        return record.Finish(architecture.ParameterCount, architecture.MultiplyAdds);
    }

    private void Train(DeviceJob job, ContinualProblem problem, nn.Module<Tensor, Tensor> network, int lastTask, Action<double> progress)
    {
        int[] seen = [.. Enumerable.Range(0, lastTask + 1).SelectMany(problem.Tasks.ClassesOf)];
        using var data = SharedNetwork.TrainingImages(problem, seen);
        using var generator = new Generator((ulong)SeedSequence.Derive(problem.Settings.Seed, SeedPurpose.BaselineTraining, lastTask), CPU);
        network.train();
        Objective objective = new([.. network.parameters()], new CrossEntropyRule(network).Loss);
        new TaskTrainer(job, problem.Settings, options).Train(objective, data, generator, problem.Settings.Training.Rounds, progress);
    }
}
