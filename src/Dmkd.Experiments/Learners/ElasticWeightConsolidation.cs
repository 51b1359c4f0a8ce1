using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using Dmkd.Core.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

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

/// <summary>
/// The diagonal of the Fisher information, <c>F_i = E_x E_{y~p(y|x)} (∂ log p(y|x) / ∂θ_i)²</c> (Kirkpatrick et al.
/// 2017), from gradients of single images, not augmented, in evaluation mode.
/// </summary>
internal static class FisherInformation
{
    /// <summary>Estimates it.</summary>
    /// <param name="network">In evaluation mode. Borrowed: its gradients are overwritten.</param>
    /// <param name="data">Images with labels among the network's outputs, at least one. Borrowed.</param>
    /// <param name="options">How many images and which labels.</param>
    /// <param name="random">Draws images and, where asked to, labels.</param>
    /// <param name="cancellationToken">Ends the work between two images.</param>
    /// <returns>For each of the network's parameters, in order, float32 of its shape; owned by the caller.</returns>
    public static Tensor[] Estimate(
        Network network,
        ImageTensors data,
        FisherOptions options,
        Random random,
        CancellationToken cancellationToken
    )
    {
        using var scope = NewDisposeScope();
        Parameter[] parameters = [.. network.parameters()];
        Tensor[] sums =
        [
            .. parameters.Select(parameter =>
                zeros(parameter.shape, dtype: ScalarType.Float64, device: parameter.device)
            ),
        ];
        int[] positions = Draw((int)data.Count, options.Images, random);
        foreach (int position in positions)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var inner = NewDisposeScope();
            var image = ImageTensors.Normalise(data.Inputs.narrow(0, position, 1).to(network.Device));
            foreach (var (label, weight) in LabelsOf(network, image, data.Labels[position], options.Labels, random))
                AddSquares(network, parameters, image, label, weight, sums);
        }

        network.zero_grad();
        return [.. sums.Select(sum => (sum / positions.Length).to(ScalarType.Float32).MoveToOuterDisposeScope())];
    }

    /// <summary>Estimates it for the shared network and the images of a task.</summary>
    /// <returns>As the other overload.</returns>
    public static Tensor[] Estimate(LearningContext context, ImageTensors data, FisherOptions options, int task) =>
        Estimate(
            context.Network,
            data,
            options,
            context.RandomFor(SeedPurpose.Fisher, task),
            context.Job.CancellationToken
        );

    private static int[] Draw(int count, int most, Random random)
    {
        int[] positions = [.. Enumerable.Range(0, count)];
        if (count <= most)
            return positions;
        random.Shuffle(positions);
        return positions[..most];
    }

    private static (int Label, double Weight)[] LabelsOf(
        Network network,
        Tensor image,
        Tensor actual,
        FisherLabels labels,
        Random random
    )
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        float[] predicted = [.. F.softmax(network.forward(image), 1).cpu().flatten().data<float>()];
        int label = (int)actual.item<long>();
        return labels switch
        {
            FisherLabels.Expected => [.. predicted.Select((probability, output) => (output, (double)probability))],
            FisherLabels.Weighted => [(label, predicted[label])],
            _ => [(DrawLabel(predicted, random), 1)],
        };
    }

    private static int DrawLabel(float[] probabilities, Random random)
    {
        double rest = random.NextDouble() * probabilities.Sum(probability => (double)probability);
        for (int label = 0; label < probabilities.Length; label++)
        {
            rest -= probabilities[label];
            if (rest < 0)
                return label;
        }

        return probabilities.Length - 1; // rounding
    }

    private static void AddSquares(
        Network network,
        Parameter[] parameters,
        Tensor image,
        int label,
        double weight,
        Tensor[] sums
    )
    {
        using var scope = NewDisposeScope();
        network.zero_grad();
        F.log_softmax(network.forward(image), 1)[0, label].backward();
        for (int i = 0; i < parameters.Length; i++)
            if (parameters[i].grad is { } gradient)
                sums[i].add_(gradient.to(ScalarType.Float64).square() * weight);
    }
}

/// <summary>How a Fisher information is estimated.</summary>
/// <param name="Labels">Which labels count.</param>
/// <param name="Images">Most images to look at, one gradient or more each; they are drawn from the task's.</param>
public sealed record FisherOptions(FisherLabels Labels, int Images)
{
    private const int UsualImages = 1000;

    /// <summary>
    /// Reads <c>fisher</c> (sampled, expected or weighted) and <c>fisher-images</c> (default: 1,000).
    /// </summary>
    /// <param name="parameters">Where they are.</param>
    /// <param name="labels">The method's own labels.</param>
    /// <exception cref="MethodParameterException">One is out of its range.</exception>
    public static FisherOptions Read(MethodParameters parameters, FisherLabels labels)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        string[] names = [.. Enum.GetValues<FisherLabels>().Select(NameOf)];
        int chosen = Array.IndexOf(names, parameters.OneOf("fisher", NameOf(labels), names));
        return new FisherOptions((FisherLabels)chosen, parameters.Count("fisher-images", UsualImages, 1, int.MaxValue));
    }

    private static string NameOf(FisherLabels labels) =>
        labels switch
        {
            FisherLabels.Sampled => "sampled",
            FisherLabels.Expected => "expected",
            _ => "weighted",
        };
}

/// <summary>Which labels the squared gradients of a Fisher information are taken for.</summary>
public enum FisherLabels
{
    /// <summary>One label drawn from the model's prediction: unbiased, one gradient per image.</summary>
    Sampled,

    /// <summary>Every label, weighted by its predicted probability: exact, one gradient per image and class.</summary>
    Expected,

    /// <summary>
    /// The true label, weighted by its predicted probability: neither, but what Mammoth does for its online EWC.
    /// </summary>
    Weighted,
}
