using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Distillation;
using Dmkd.Core.Training;
using Dmkd.Experiments.Methods.SharedHead;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Experiments.Methods.Regularization;

/// <summary>
/// Learning without forgetting (Li and Hoiem 2016, arXiv 1606.09282): the network's own answers to the new images, recorded before
/// it learns them, are distilled on the old classes, <c>L = CE(z_seen, y) - α mean_x Σ_c p_c^(1/T) log q_c^(1/T)</c> with
/// <c>p^(1/T) = softmax(z_recorded / T)</c> and <c>q^(1/T) = softmax(z / T)</c> over the classes of past tasks. As in Mammoth's lwf, which published
/// learning rate 0.01, α 3 and T 2: cross-entropy over the classes seen so far, answers recorded once without augmentation, and a
/// warm-up before each later task that trains the head alone on the new classes for as many passes (not counted as the task's).
/// Differs: the constant entropy of p is subtracted from the loss, which changes no gradient; the learning rate falls.
/// Verified: loss by hand; formulas against Mammoth's code; not against published accuracies, whose backbone is larger.
/// </summary>
/// <param name="device">Where it computes. Borrowed.</param>
/// <param name="options">How weights are stepped.</param>
/// <param name="alpha">α, at least 0.</param>
/// <param name="temperature">T, above 0.</param>
/// <param name="warmUp">Whether the head is trained alone first.</param>
public sealed class LearningWithoutForgetting(DeviceWorker device, TrainingOptions options, double alpha, double temperature, bool warmUp)
    : SharedHeadLearner(device, options)
{
    /// <summary>Name in results and experiment files.</summary>
    public const string MethodName = "lwf";

    private readonly TrainingOptions _warmUpOptions = options with { WeightDecay = 0 }; // old rows of the head get no gradient: only decay would move them

    /// <inheritdoc/>
    public override string Name => MethodName;

    /// <summary>Reads <c>alpha</c>, <c>temperature</c>, <c>warm-up</c> and the parameters of <see cref="TrainingOptions"/>.</summary>
    [Named(MethodName, "learning without forgetting", Order = 5)]
    internal static LearningWithoutForgetting Create(DeviceWorker device, MethodParameters parameters) => new(
        device, TrainingOptions.Read(parameters, 0.01), parameters.Number("alpha", 3, 0, 1e6), parameters.Number("temperature", 2, 0.01, 100),
        parameters.OneOf("warm-up", "yes", ["yes", "no"]) == "yes");

    /// <summary>The loss of a batch.</summary>
    /// <param name="logits">Shape [batch, classes]. Borrowed.</param>
    /// <param name="labels">Int64, shape [batch], in [0, <paramref name="seen"/>). Borrowed.</param>
    /// <param name="recorded">What the network answered before the task, of the logits' shape; null in the first task. Borrowed.</param>
    /// <param name="old">Classes of past tasks: the first outputs.</param>
    /// <param name="seen">Classes of past tasks and this one.</param>
    /// <param name="alpha">α.</param>
    /// <param name="temperature">T.</param>
    internal static Tensor Loss(Tensor logits, Tensor labels, Tensor? recorded, int old, int seen, double alpha, double temperature)
    {
        var loss = F.cross_entropy(logits.narrow(1, 0, seen), labels);
        if (recorded is null) return loss;
        double weight = alpha / (temperature * temperature); // the distillation loss is scaled by T², the published one is not
        return loss + DistillationLoss.Compute(logits.narrow(1, 0, old), recorded.narrow(1, 0, old), temperature) * weight;
    }

    private protected override ITrainingRule CreateRule(LearningContext context) =>
        new Rule(context, alpha, temperature, warmUp ? new TaskTrainer(context.Job, context.Problem.Settings, _warmUpOptions) : null);

    private sealed class Rule(LearningContext context, double alpha, double temperature, TaskTrainer? warmUp) : ITrainingRule
    {
        private Tensor? _recorded;
        private int _old;
        private int _seen;

        public void BeforeTask(int task, ImageTensors data)
        {
            (_old, _seen) = (_seen, _seen + context.Problem.Tasks.ClassesOf(task).Count);
            if (_old == 0) return;
            if (warmUp is not null) TrainHead(warmUp, task, data);
            _recorded?.Dispose();
            _recorded = ModelOutputs.Of(context.Network, data.Pixels, context.Job.Device).DetachFromDisposeScope();
        }

        public Tensor Loss(TrainingBatch batch)
        {
            var recorded = _recorded?.index_select(0, batch.Positions).to(batch.Images.device);
            return LearningWithoutForgetting.Loss(context.Network.forward(batch.Images), batch.Labels, recorded, _old, _seen, alpha, temperature);
        }

        public void Dispose() => _recorded?.Dispose();

        private void TrainHead(TaskTrainer trainer, int task, ImageTensors data)
        {
            Parameter[] head = [.. context.Network.named_children().Single(child => child.name == "head").module.parameters()];
            using var generator = context.GeneratorFor(SeedPurpose.WarmUp, task);
            trainer.Train(new Objective(head, HeadLoss), data, generator, context.Problem.Settings.Training.Rounds);
        }

        private Tensor HeadLoss(TrainingBatch batch)
        {
            Tensor features;
            using (no_grad()) features = context.Network.Features(batch.Images);
            return F.cross_entropy(context.Network.Head(features).narrow(1, _old, _seen - _old), batch.Labels - _old);
        }
    }
}
