using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Training;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Experiments.Learners;

/// <summary>
/// Dark experience replay, DER++ (Buzzega et al. 2020, arXiv 2004.07211): a reservoir keeps images with the logits z
/// the network gave them in training, and two independent draws from it join each step, <c>L = CE(x, y) + α MSE(h(x'),
/// z') + β CE(h(x''), y'')</c>. β 0 is DER. As in Mammoth's derpp: three forward passes, the mean of squares over batch
/// and logits, images augmented again, learning rate 0.03, α 0.1 and β 0.5 (200 exemplars). A step costs three.
/// Differs: the learning rate falls; weight decay 0.0005. Verified: loss by hand, procedure against Mammoth's code; not
/// against published accuracies, whose backbone is larger.
/// </summary>
/// <param name="device">Where it computes. Borrowed.</param>
/// <param name="options">How weights are stepped.</param>
/// <param name="exemplars">Images the reservoir keeps, at least 1.</param>
/// <param name="alpha">α, at least 0.</param>
/// <param name="beta">β, at least 0.</param>
public sealed class DarkExperienceReplay(
    DeviceWorker device,
    TrainingOptions options,
    int exemplars,
    double alpha,
    double beta
) : SharedHeadLearner(device, options)
{
    /// <summary>Name in results and experiment files.</summary>
    public const string MethodName = "der++";

    /// <inheritdoc/>
    public override string Name => MethodName;

    /// <summary>
    /// Reads <c>exemplars</c>, <c>alpha</c>, <c>beta</c> and the parameters of <see cref="LearnerOptions"/>.
    /// </summary>
    [Named(MethodName, "dark experience replay", Order = 7)]
    internal static DarkExperienceReplay Create(DeviceWorker device, MethodParameters parameters) =>
        new(
            device,
            LearnerOptions.Read(parameters, 0.03),
            parameters.Count("exemplars", ExperienceReplay.UsualExemplars, 1, 1_000_000),
            parameters.Number("alpha", 0.1, 0, 1e6),
            parameters.Number("beta", 0.5, 0, 1e6)
        );

    /// <summary>What the reservoir adds to the loss.</summary>
    /// <param name="logits">Answers h(x') to the first draw, shape [n, classes]. Borrowed.</param>
    /// <param name="stored">What was answered to it before, z', of the same shape. Borrowed.</param>
    /// <param name="otherLogits">Answers h(x'') to the second draw, shape [m, classes]. Borrowed.</param>
    /// <param name="otherLabels">Its labels y'', int64, shape [m]. Borrowed.</param>
    /// <param name="alpha">α.</param>
    /// <param name="beta">β.</param>
    internal static Tensor ReplayLoss(
        Tensor logits,
        Tensor stored,
        Tensor otherLogits,
        Tensor otherLabels,
        double alpha,
        double beta
    ) => F.mse_loss(logits, stored) * alpha + F.cross_entropy(otherLogits, otherLabels) * beta;

    private protected override ITaskLearner CreateLearner(LearningContext context) =>
        new ReplayLearner(new(exemplars, context), memory => new CrossEntropy() + new DarkReplay(memory, alpha, beta));

    /// <summary>What two draws from the memory add to a step's loss.</summary>
    private sealed class DarkReplay(ReplayMemory memory, double alpha, double beta) : Objective
    {
        public override Tensor? Loss(TrainingStep step)
        {
            if (memory.Count == 0)
                return null;
            var first = memory.Draw();
            var second = memory.Draw();
            var logits = step.Model.forward(first.Images);
            return ReplayLoss(logits, first.Logits!, step.Model.forward(second.Images), second.Labels, alpha, beta);
        }

        public override void AfterStep(TrainingStep step) => memory.Add(step.Batch, step.Logits);
    }
}
