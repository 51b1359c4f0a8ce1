using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using Dmkd.Core.Training;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Experiments.Learners;

/// <summary>
/// Learning without forgetting (Li and Hoiem 2016, arXiv 1606.09282): the network's own answers to the new images,
/// recorded before it learns them, are distilled on the old classes, <c>L = CE(z_seen, y) - α mean_x Σ_c p_c^(1/T) log
/// q_c^(1/T)</c> with <c>p^(1/T) = softmax(z_recorded / T)</c> and <c>q^(1/T) = softmax(z / T)</c> over the classes of
/// past tasks. As in Mammoth's lwf, which published learning rate 0.01, α 3 and T 2: cross-entropy over the classes
/// seen so far, answers recorded once without augmentation, and a warm-up before each later task that trains the head
/// alone on the new classes for as many passes (not counted as the task's). Differs: the constant entropy of p is
/// subtracted from the loss, which changes no gradient; the learning rate falls. Verified: loss by hand; formulas
/// against Mammoth's code; not against published accuracies, whose backbone is larger.
/// </summary>
/// <param name="device">Where it computes. Borrowed.</param>
/// <param name="options">How weights are stepped.</param>
/// <param name="alpha">α, at least 0.</param>
/// <param name="temperature">T, above 0.</param>
/// <param name="warmUp">Whether the head is trained alone first.</param>
public sealed class LearningWithoutForgetting(
    DeviceWorker device,
    TrainingOptions options,
    double alpha,
    double temperature,
    bool warmUp
) : SharedHeadLearner(device, options)
{
    /// <summary>Name in results and experiment files.</summary>
    public const string MethodName = "lwf";

    /// <inheritdoc/>
    public override string Name => MethodName;

    /// <summary>
    /// Reads <c>alpha</c>, <c>temperature</c>, <c>warm-up</c> and the parameters of <see cref="LearnerOptions"/>.
    /// </summary>
    [Named(MethodName, "learning without forgetting", Order = 5)]
    internal static LearningWithoutForgetting Create(DeviceWorker device, MethodParameters parameters) =>
        new(
            device,
            LearnerOptions.Read(parameters, 0.01),
            parameters.Number("alpha", 3, 0, 1e6),
            parameters.Number("temperature", 2, 0.01, 100),
            parameters.OneOf("warm-up", "yes", ["yes", "no"]) == "yes"
        );

    /// <summary>The weight of the distillation loss, which is scaled by T²; the published one is not.</summary>
    internal static double WeightOf(double alpha, double temperature) => alpha / (temperature * temperature);

    private protected override ITaskLearner CreateLearner(LearningContext context) =>
        new Learner(context, alpha, temperature, warmUp);

    private sealed class Learner(LearningContext context, double alpha, double temperature, bool warmUp) : ITaskLearner
    {
        private Tensor? _recorded;
        private int _old;
        private int _seen;

        public Objective BeginTask(int task, ImageTensors data)
        {
            (_old, _seen) = (_seen, _seen + context.Problem.Tasks.ClassesOf(task).Count);
            Objective objective = new CrossEntropy(.._seen);
            if (_old == 0)
                return objective;
            if (warmUp)
                TrainHead(task, data);
            _recorded?.Dispose();
            _recorded = TaskEvaluation
                .Logits(context.Network, data.Inputs, context.Job.Device)
                .DetachFromDisposeScope();
            return objective + new RecordedAnswers(_recorded, _old, temperature) * WeightOf(alpha, temperature);
        }

        public void Dispose() => _recorded?.Dispose();

        private void TrainHead(int task, ImageTensors data)
        {
            var head = context.Network.named_children().Single(child => child.name == "head").module;
            var options = context.Options with
            {
                Parameters = [.. head.parameters()],
                KeepsStatistics = true,
                WeightDecay = 0, // old rows of the head get no gradient: only decay would move them
            };
            using var generator = context.GeneratorFor(SeedPurpose.WarmUp, task);
            var objective = new HeadCrossEntropy(context.Network, _old.._seen);
            Trainer.Run(
                context.Network,
                new ImageTrainingData(data),
                objective,
                options,
                generator,
                null,
                context.Job.CancellationToken
            );
        }
    }

    /// <summary>
    /// Distils what the network answered before the task, on the classes of past tasks: the first outputs.
    /// </summary>
    /// <param name="recorded">Logits for each image of the task, shape [images, classes]. Borrowed.</param>
    /// <param name="old">Classes of past tasks.</param>
    /// <param name="temperature">T.</param>
    internal sealed class RecordedAnswers(Tensor recorded, int old, double temperature) : Objective
    {
        public override Tensor Loss(TrainingStep step)
        {
            var own = step.Logits.narrow(1, 0, old);
            var before = recorded.index_select(0, step.Batch.Positions).to(own.device);
            return DistillationLoss.Compute(own, before.narrow(1, 0, old), temperature);
        }
    }

    /// <summary>Cross-entropy over some classes that only the head learns from.</summary>
    private sealed class HeadCrossEntropy(Network network, Range classes) : Objective
    {
        public override Tensor Loss(TrainingStep step)
        {
            Tensor features;
            using (no_grad())
                features = network.Features(step.Batch.Inputs);
            var (first, count) = classes.GetOffsetAndLength(classes.End.Value);
            return F.cross_entropy(network.Head(features).narrow(1, first, count), step.Batch.Labels - first);
        }
    }
}
