using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Training;

namespace Dmkd.Experiments.Learners;

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
