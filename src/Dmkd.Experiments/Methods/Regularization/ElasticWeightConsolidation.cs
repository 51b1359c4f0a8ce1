using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Training;
using Dmkd.Experiments.Methods.SharedHead;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Experiments.Methods.Regularization;

/// <summary>
/// Elastic weight consolidation (Kirkpatrick et al. 2017, arXiv 1612.00796), one penalty for each past task k:
/// <c>L(θ) = CE(θ) + (λ/2) Σ_k Σ_i F_k,i (θ_i - θ*_k,i)²</c>, F the diagonal Fisher information (<see cref="FisherInformation"/>).
/// Differs: F comes from a sample of the task's images; batch-norm scales and shifts are tied like other weights, running
/// statistics are not. No λ is published for this protocol: the default is the 10 of online EWC, to be searched on validation data. Where
/// learning rate times λ times F exceeds 1 the steps overshoot and the network dies (seen at λ 300 and rate 0.03): search both together.
/// Verified: Fisher information and penalty by hand; not against published accuracies.
/// </summary>
/// <param name="device">Where it computes. Borrowed.</param>
/// <param name="options">How weights are stepped.</param>
/// <param name="fisher">How importance is estimated.</param>
/// <param name="strength">λ, at least 0.</param>
public sealed class ElasticWeightConsolidation(DeviceWorker device, TrainingOptions options, FisherOptions fisher, double strength)
    : SharedHeadLearner(device, options)
{
    /// <summary>Name in results and experiment files.</summary>
    public const string MethodName = "ewc";

    internal const double UsualLearningRate = 0.03;
    internal const double UsualStrength = 10;

    /// <inheritdoc/>
    public override string Name => MethodName;

    /// <summary>Reads <c>strength</c> and the parameters of <see cref="FisherOptions"/> and <see cref="TrainingOptions"/>.</summary>
    [Named(MethodName, "elastic weight consolidation", Order = 3)]
    internal static ElasticWeightConsolidation Create(DeviceWorker device, MethodParameters parameters) => new(
        device, TrainingOptions.Read(parameters, UsualLearningRate), FisherOptions.Read(parameters, FisherLabels.Sampled),
        parameters.Number("strength", UsualStrength, 0, 1e9));

    private protected override ITrainingRule CreateRule(LearningContext context) => new Rule(context, fisher, strength);

    private sealed class Rule(LearningContext context, FisherOptions fisher, double strength) : ITrainingRule
    {
        private readonly Parameter[] _parameters = [.. context.Network.parameters()];
        private readonly List<QuadraticPenalty> _penalties = [];

        public Tensor Loss(TrainingBatch batch)
        {
            var loss = F.cross_entropy(context.Network.forward(batch.Images), batch.Labels);
            foreach (var penalty in _penalties) loss += penalty.Compute() * (strength / 2);
            return loss;
        }

        public void AfterTask(int task, ImageTensors data) => _penalties.Add(new QuadraticPenalty(_parameters, FisherInformation.Estimate(
            context.Network, data, fisher, context.RandomFor(SeedPurpose.Fisher, task), context.Job.CancellationToken)));

        public void Dispose()
        {
            foreach (var penalty in _penalties) penalty.Dispose();
        }
    }
}
