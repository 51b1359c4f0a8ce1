using Dmkd.Core;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Experiments.Learners;

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
