using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Training;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Experiments.Learners;

/// <summary>
/// Experience replay (Riemer et al. 2019, arXiv 1810.11910): each step joins the batch with as many images of a
/// reservoir, <c>L = CE over both together</c>. As in Mammoth's er: one forward pass over both, images stored without
/// augmentation and augmented again when they come back, the reservoir fed at every step of every pass, learning rate
/// 0.1. A step costs two. Differs: the learning rate falls; weight decay 0.0005. Verified: the reservoir's uniformity
/// by test, the procedure against Mammoth's code; not against published accuracies, whose backbone is larger.
/// </summary>
/// <param name="device">Where it computes. Borrowed.</param>
/// <param name="options">How weights are stepped.</param>
/// <param name="exemplars">Images the reservoir keeps, at least 1.</param>
public sealed class ExperienceReplay(DeviceWorker device, TrainingOptions options, int exemplars)
    : SharedHeadLearner(device, options)
{
    /// <summary>Name in results and experiment files.</summary>
    public const string MethodName = "er";

    internal const int UsualExemplars = 200;

    /// <inheritdoc/>
    public override string Name => MethodName;

    /// <summary>Reads <c>exemplars</c> and the parameters of <see cref="LearnerOptions"/>.</summary>
    [Named(MethodName, "experience replay", Order = 6)]
    internal static ExperienceReplay Create(DeviceWorker device, MethodParameters parameters) =>
        new(device, LearnerOptions.Read(parameters, 0.1), parameters.Count("exemplars", UsualExemplars, 1, 1_000_000));

    private protected override ITaskLearner CreateLearner(LearningContext context) =>
        new ReplayLearner(new(exemplars, context), memory => new JoinedCrossEntropy(memory));

    /// <summary>The cross-entropy over batch and memory together, in one forward pass.</summary>
    private sealed class JoinedCrossEntropy(ReplayMemory memory) : Objective
    {
        public override Tensor Loss(TrainingStep step)
        {
            var (images, labels) = (step.Batch.Inputs, step.Batch.Labels);
            if (memory.Count > 0)
            {
                var past = memory.Draw();
                (images, labels) = (cat([images, past.Images]), cat([labels, past.Labels]));
            }

            return F.cross_entropy(step.Model.forward(images), labels);
        }

        public override void AfterStep(TrainingStep step) => memory.Add(step.Batch);
    }
}
