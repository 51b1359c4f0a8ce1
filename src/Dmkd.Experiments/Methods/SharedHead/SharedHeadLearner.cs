using Dmkd.Core.Devices;

namespace Dmkd.Experiments.Methods.SharedHead;

/// <summary>
/// A method that trains one network with one head for all classes on pooled data. Backbone, order of the data, batches, augmentation,
/// passes and evaluation are the same for all of them, and the experts'; there are no rotation labels.
/// </summary>
/// <param name="device">Where it computes. Borrowed.</param>
/// <param name="options">How weights are stepped.</param>
public abstract class SharedHeadLearner(DeviceWorker device, TrainingOptions options) : IContinualLearner
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public Task<MethodResult> LearnAsync(ContinualProblem problem, Action<double> progress, CancellationToken cancellationToken) =>
        device.RunAsync(job => Learn(job, problem, progress), cancellationToken);

    private protected abstract ITrainingRule CreateRule(LearningContext context);

    private MethodResult Learn(DeviceJob job, ContinualProblem problem, Action<double> progress)
    {
        using var network = SharedNetwork.Build(job, problem);
        using var rule = CreateRule(new LearningContext(network, problem, job));
        return new SharedHeadLearning(job, problem, options, progress)
            .Learn(Name, network, rule, network.Architecture.ParameterCount, network.Architecture.MultiplyAdds);
    }
}
