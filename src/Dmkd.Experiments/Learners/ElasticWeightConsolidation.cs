using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Learners;

/// <summary>
/// Elastic weight consolidation (Kirkpatrick et al. 2017, arXiv 1612.00796), one penalty for each past task k: <c>L(θ)
/// = CE(θ) + (λ/2) Σ_k Σ_i F_k,i (θ_i - θ*_k,i)²</c>, F the diagonal Fisher information
/// (<see cref="FisherInformation"/>). Differs: F comes from a sample of the task's images; batch-norm scales and shifts
/// are tied like other weights, running statistics are not. No λ is published for this protocol: the default is the 10
/// of online EWC, to be searched on validation data. Where learning rate times λ times F exceeds 1 the steps overshoot
/// and the network dies (seen at λ 300 and rate 0.03): search both together. Verified: Fisher information and penalty
/// by hand; not against published accuracies.
/// </summary>
/// <param name="device">Where it computes. Borrowed.</param>
/// <param name="options">How weights are stepped.</param>
/// <param name="fisher">How importance is estimated.</param>
/// <param name="strength">λ, at least 0.</param>
public sealed class ElasticWeightConsolidation(
    DeviceWorker device,
    TrainingOptions options,
    FisherOptions fisher,
    double strength
) : SharedHeadLearner(device, options)
{
    /// <summary>Name in results and experiment files.</summary>
    public const string MethodName = "ewc";

    internal const double UsualLearningRate = 0.03;
    internal const double UsualStrength = 10;

    /// <inheritdoc/>
    public override string Name => MethodName;

    /// <summary>
    /// Reads <c>strength</c> and the parameters of <see cref="FisherOptions"/> and <see cref="LearnerOptions"/>.
    /// </summary>
    [Named(MethodName, "elastic weight consolidation", Order = 3)]
    internal static ElasticWeightConsolidation Create(DeviceWorker device, MethodParameters parameters) =>
        new(
            device,
            LearnerOptions.Read(parameters, UsualLearningRate),
            FisherOptions.Read(parameters, FisherLabels.Sampled),
            parameters.Number("strength", UsualStrength, 0, 1e9)
        );

    private protected override ITaskLearner CreateLearner(LearningContext context) =>
        new Learner(context, fisher, strength);

    private sealed class Learner(LearningContext context, FisherOptions fisher, double strength) : ITaskLearner
    {
        private readonly List<QuadraticPenalty> _penalties = [];
        private Objective _objective = new CrossEntropy();

        public Objective BeginTask(int task, ImageTensors data) => _objective;

        public void EndTask(int task, ImageTensors data)
        {
            var importance = FisherInformation.Estimate(context, data, fisher, task);
            var penalty = new QuadraticPenalty([.. context.Network.parameters()], importance);
            _penalties.Add(penalty);
            _objective += penalty * (strength / 2);
        }

        public void Dispose()
        {
            foreach (var penalty in _penalties)
                penalty.Dispose();
        }
    }
}

/// <summary>Ties weights to what they were: <c>Σ_i F_i (θ_i - θ*_i)²</c>. Owns its tensors.</summary>
internal sealed class QuadraticPenalty : Objective, IDisposable
{
    private readonly IReadOnlyList<Parameter> _parameters;
    private readonly Tensor[] _anchors;

    /// <summary>Ties weights to what they are now.</summary>
    /// <param name="parameters">The weights θ. Borrowed.</param>
    /// <param name="importance">For each the importance F of its values, of its shape. The penalty becomes their
    /// owner.</param>
    public QuadraticPenalty(IReadOnlyList<Parameter> parameters, IReadOnlyList<Tensor> importance)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        _parameters = parameters;
        Importance = [.. importance.Select(values => values.DetachFromDisposeScope())];
        _anchors = [.. parameters.Select(parameter => parameter.clone().DetachFromDisposeScope())];
    }

    /// <summary>Importance of each value of each weight. Owned by this object.</summary>
    public IReadOnlyList<Tensor> Importance { get; }

    /// <inheritdoc/>
    public override Tensor Loss(TrainingStep step) => Compute();

    /// <summary>The penalty, a scalar with a graph, owned by the caller.</summary>
    public Tensor Compute()
    {
        using var scope = NewDisposeScope();
        var terms = _parameters.Select((parameter, i) => (Importance[i] * (parameter - _anchors[i]).square()).sum());
        return stack(terms).sum().MoveToOuterDisposeScope();
    }

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        foreach (var tensor in Importance.Concat(_anchors))
            tensor.Dispose();
    }
}
