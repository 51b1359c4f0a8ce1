using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Training;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Learners;

/// <summary>
/// Online elastic weight consolidation (Schwarz et al. 2018, arXiv 1805.06370), one running importance and one anchor:
/// <c>F~_t = γ F~_{t-1} + F_t</c>, <c>L(θ) = CE(θ) + λ Σ_i F~_{t-1,i} (θ_i - θ*_{t-1,i})²</c>. As in Mammoth's ewc_on,
/// which published λ 10, γ 1 and learning rate 0.03 for Split-CIFAR-10: without the paper's 1/2, and with F of the true
/// label weighted by its probability. Differs from it: F comes from a sample of the images, not augmented and in
/// evaluation mode, so that batch-norm statistics stay; weight decay 0.0005. Verified: Fisher information, decay and
/// penalty by hand and against the formulas of Mammoth's code; not against published accuracies, whose backbone is
/// larger.
/// </summary>
/// <param name="device">Where it computes. Borrowed.</param>
/// <param name="options">How weights are stepped.</param>
/// <param name="fisher">How importance is estimated.</param>
/// <param name="strength">λ, at least 0.</param>
/// <param name="decay">γ, in [0, 1].</param>
public sealed class OnlineElasticWeightConsolidation(
    DeviceWorker device,
    TrainingOptions options,
    FisherOptions fisher,
    double strength,
    double decay
) : SharedHeadLearner(device, options)
{
    /// <summary>Name in results and experiment files.</summary>
    public const string MethodName = "online-ewc";

    /// <inheritdoc/>
    public override string Name => MethodName;

    /// <summary>
    /// Reads <c>strength</c>, <c>decay</c> and the parameters of <see cref="FisherOptions"/> and
    /// <see cref="LearnerOptions"/>.
    /// </summary>
    [Named(MethodName, "elastic weight consolidation with one running penalty", Order = 4)]
    internal static OnlineElasticWeightConsolidation Create(DeviceWorker device, MethodParameters parameters) =>
        new(
            device,
            LearnerOptions.Read(parameters, ElasticWeightConsolidation.UsualLearningRate),
            FisherOptions.Read(parameters, FisherLabels.Weighted),
            parameters.Number("strength", ElasticWeightConsolidation.UsualStrength, 0, 1e9),
            parameters.Number("decay", 1, 0, 1)
        );

    /// <summary>The next running importance.</summary>
    /// <param name="previous">F~ of the tasks before. Borrowed.</param>
    /// <param name="own">F of the last task. Borrowed.</param>
    /// <param name="decay">γ.</param>
    /// <returns>Owned by the caller.</returns>
    internal static Tensor Next(Tensor previous, Tensor own, double decay)
    {
        using var scope = NewDisposeScope();
        return (previous * decay + own).MoveToOuterDisposeScope();
    }

    private protected override ITaskLearner CreateLearner(LearningContext context) =>
        new Learner(context, fisher, strength, decay);

    private sealed class Learner(LearningContext context, FisherOptions fisher, double strength, double decay)
        : ITaskLearner
    {
        private QuadraticPenalty? _penalty;

        public Objective BeginTask(int task, ImageTensors data)
        {
            Objective objective = new CrossEntropy();
            if (_penalty is not null)
                objective += _penalty * strength;
            return objective;
        }

        public void EndTask(int task, ImageTensors data)
        {
            using var scope = NewDisposeScope();
            var importance = FisherInformation.Estimate(context, data, fisher, task);
            if (_penalty is { } previous)
                importance = [.. previous.Importance.Zip(importance, (past, own) => Next(past, own, decay))];
            _penalty?.Dispose();
            _penalty = new QuadraticPenalty([.. context.Network.parameters()], importance);
        }

        public void Dispose() => _penalty?.Dispose();
    }
}
