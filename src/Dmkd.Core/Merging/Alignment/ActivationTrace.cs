using Dmkd.Core.Models;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Merging.Alignment;

/// <summary>
/// Runs a network layer by layer, as its own forward pass does, and shows the activations of its unit spaces on the
/// way: after the ReLU and before any pooling; those of a residual stream once, at the end of its stage. These are
/// DIMAT's places.
/// </summary>
/// <remarks>
/// TorchSharp runs forward hooks only in modules that are called, not in those whose forward is, as here.
/// </remarks>
internal sealed class ActivationTrace
{
    private readonly Dictionary<string, nn.Module<Tensor, Tensor>> _layers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _spaces;
    private readonly Action<string, Tensor> _observe;

    private ActivationTrace(Network network, Action<string, Tensor> observe)
    {
        foreach (var (name, module) in network.named_modules())
            if (module is nn.Module<Tensor, Tensor> layer)
                _layers.Add(name, layer);
        _spaces = network.Architecture.Weights.ToDictionary(
            axes => axes.Name,
            axes => axes.Rows.Space,
            StringComparer.Ordinal
        );
        _observe = observe;
    }

    /// <summary>Runs a network.</summary>
    /// <param name="network">Run in the mode it is in. Borrowed.</param>
    /// <param name="input">Shape [batch, channels, height, width]. Borrowed.</param>
    /// <param name="observe">Given the name of a space and its activations, shape [batch, units, ...], borrowed; every
    /// space once.</param>
    /// <returns>The network's features, owned by the caller.</returns>
    /// <exception cref="NotSupportedException">The network's family is none of those known here.</exception>
    public static Tensor Run(Network network, Tensor input, Action<string, Tensor> observe)
    {
        using var scope = NewDisposeScope();
        ActivationTrace trace = new(network, observe);
        var features = network.Architecture switch
        {
            MlpArchitecture mlp => trace.Features(mlp, input),
            ConvNetArchitecture convNet => trace.Features(convNet, input),
            VggArchitecture vgg => trace.Features(vgg, input),
            ResNetArchitecture resNet => trace.Features(resNet, input),
            _ => throw new NotSupportedException(
                $"The units of family '{network.Architecture.Family}' cannot be observed; its networks cannot be aligned."
            ),
        };
        return features.MoveToOuterDisposeScope();
    }

    private Tensor Features(MlpArchitecture architecture, Tensor input) =>
        Hidden(input.flatten(1), Enumerable.Range(0, architecture.Widths.Count).Select(MlpArchitecture.LayerOf));

    private Tensor Features(ConvNetArchitecture architecture, Tensor input)
    {
        var x = Convolution.ChannelsLast(input);
        for (int layer = 0; layer < architecture.Widths.Count; layer++)
        {
            string convolution = ConvNetArchitecture.ConvolutionOf(layer),
                normalisation = ConvNetArchitecture.NormalisationOf(layer);
            bool pools = architecture.PoolsAfter(layer);
            x = Step(x, map => Pool(Shown(convolution, Activate(convolution, normalisation, map)), pools));
        }

        return x.mean([2, 3]);
    }

    private Tensor Features(VggArchitecture architecture, Tensor input)
    {
        var x = Convolution.ChannelsLast(input);
        int[] indices = [.. architecture.Indices()];
        for (int i = 0; i < indices.Length; i++)
        {
            string convolution = VggArchitecture.FeatureOf(indices[i]),
                normalisation = VggArchitecture.FeatureOf(indices[i] + 1);
            bool pools = i + 1 == indices.Length || indices[i + 1] > indices[i] + 3;
            x = Step(x, map => Pool(Shown(convolution, Activate(convolution, normalisation, map)), pools));
        }

        int hiddenLayers = architecture.HiddenWidths.Count;
        x = F.adaptive_avg_pool2d(x, hiddenLayers == 0 ? 1 : VggArchitecture.PooledSize).flatten(1);
        return Hidden(x, Enumerable.Range(0, hiddenLayers).Select(VggArchitecture.HiddenOf));
    }

    private Tensor Hidden(Tensor x, IEnumerable<string> layers)
    {
        foreach (string layer in layers)
            x = Step(x, values => Shown(layer, F.relu(_layers[layer].forward(values))));
        return x;
    }

    private Tensor Activate(string convolution, string normalisation, Tensor x) =>
        F.relu(Normalised(convolution, normalisation, x));

    private Tensor Normalised(string convolution, string normalisation, Tensor x) =>
        _layers[normalisation].forward(_layers[convolution].forward(x));

    /// <summary>Shows what a layer wrote.</summary>
    private Tensor Shown(string layer, Tensor activations)
    {
        _observe(_spaces[$"{layer}.weight"], activations);
        return activations;
    }

    private static Tensor Pool(Tensor x, bool pools) => pools ? F.max_pool2d(x, 2) : x;

    // Disposes its input and what is in between, so that a pass holds two maps and not all.
    private static Tensor Step(Tensor input, Func<Tensor, Tensor> step)
    {
        using var scope = NewDisposeScope();
        using (input)
            return step(input).MoveToOuterDisposeScope();
    }

    private Tensor Features(ResNetArchitecture architecture, Tensor input)
    {
        var x = Step(Convolution.ChannelsLast(input), image => Stem(architecture, image));
        for (int stage = 0; stage < architecture.InnerWidths.Count; stage++)
        {
            for (int block = 0; block < architecture.BlocksOf(stage); block++)
            {
                int s = stage,
                    b = block;
                x = Step(x, map => Block(architecture, s, b, map));
            }
        }

        return x.mean([2, 3]);
    }

    // A stem that writes to the first stage's stream is shown with it, at the stage's end.
    private Tensor Stem(ResNetArchitecture architecture, Tensor image)
    {
        var x = Activate("conv1", "bn1", image);
        if (architecture.HasStemSpace)
            Shown("conv1", x);
        return architecture.Stem == ResNetStem.Small ? x : F.max_pool2d(x, 3, stride: 2, padding: 1);
    }

    private Tensor Block(ResNetArchitecture architecture, int stage, int block, Tensor input)
    {
        string name = ResNetArchitecture.BlockOf(stage, block),
            projection = $"{name}.{architecture.Projection}";
        int last = architecture.InnerPerBlock + 1;
        var x = input;
        for (int i = 1; i < last; i++)
            x = Shown($"{name}.conv{i}", Activate($"{name}.conv{i}", $"{name}.bn{i}", x));
        var shortcut = input;
        if (architecture.Projects(stage, block))
            shortcut = Normalised($"{projection}.0", $"{projection}.1", input);
        else if (architecture.SourcesOf(stage, block) is { } sources)
            shortcut = ChannelMap.Halved(input, sources);
        var stream = F.relu(Normalised($"{name}.conv{last}", $"{name}.bn{last}", x).add_(shortcut));
        return block == architecture.BlocksOf(stage) - 1 ? Shown($"{name}.conv{last}", stream) : stream;
    }
}

/// <summary>Compares what the units of two networks of one architecture do (Saadati et al. 2024, DIMAT).</summary>
public static class ActivationStatistics
{
    /// <summary>
    /// Correlates the activations of every unit of one network with those of every unit of the other in the same space,
    /// over inputs and positions: after the ReLU, a residual stream at the end of its stage. A unit that never changes
    /// correlates with none.
    /// </summary>
    /// <param name="reference">Run in eval mode. Borrowed: its mode is restored.</param>
    /// <param name="other">A network of the same architecture on the same device. As
    /// <paramref name="reference"/>.</param>
    /// <param name="inputs">Shape [n, channels, height, width] with n at least 2, float32, normalised, on the networks'
    /// device. Borrowed.</param>
    /// <param name="batchSize">Most inputs of a batch, at least 1. Memory holds the activations of one batch.</param>
    /// <returns>By space name: shape [width, width], a row for each unit of the reference, a column for each of the
    /// other, in [-1, 1].</returns>
    /// <exception cref="ArgumentException">The architectures differ, the inputs are not as described, or an activation
    /// is not finite.</exception>
    /// <exception cref="NotSupportedException">Networks of this family cannot be observed; the message names
    /// it.</exception>
    public static IReadOnlyDictionary<string, double[,]> Correlate(
        Network reference,
        Network other,
        Tensor inputs,
        int batchSize
    )
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(other);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        if (!reference.Architecture.Equals(other.Architecture))
            throw new ArgumentException(
                $"other must be a {reference.Architecture} like reference, but is a {other.Architecture}.",
                nameof(other)
            );
        if (inputs.dim() != 4 || inputs.shape[0] < 2)
            throw new ArgumentException(
                $"inputs must be [n, channels, height, width], n at least 2, but are {WeightSchema.Text(inputs.shape)}.",
                nameof(inputs)
            );

        var sums = reference.Architecture.UnitSpaces.ToDictionary(
            space => space.Name,
            space => new CorrelationSums(space.Width),
            StringComparer.Ordinal
        );
        bool referenceWasTraining = reference.training,
            otherWasTraining = other.training;
        reference.eval();
        other.eval();
        try
        {
            for (long start = 0; start < inputs.shape[0]; start += batchSize)
                AddBatch(sums, reference, other, (inputs, start, Math.Min(batchSize, inputs.shape[0] - start)));
        }
        finally
        {
            reference.train(referenceWasTraining);
            other.train(otherWasTraining);
        }

        return sums.ToDictionary(
            pair => pair.Key,
            pair => Finite(pair.Key, pair.Value.Correlation()),
            StringComparer.Ordinal
        );
    }

    private static void AddBatch(
        Dictionary<string, CorrelationSums> sums,
        Network reference,
        Network other,
        (Tensor Inputs, long Start, long Length) batch
    )
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var inputs = batch.Inputs.narrow(0, batch.Start, batch.Length);
        Dictionary<string, Tensor> activations = new(StringComparer.Ordinal);
        ActivationTrace.Run(
            reference,
            inputs,
            (space, units) => activations.Add(space, ByUnit(units).MoveToOtherDisposeScope(scope))
        );
        ActivationTrace.Run(other, inputs, (space, units) => sums[space].Add(activations[space], ByUnit(units)));
    }

    // [batch, units, ...] to [units, samples], in float64.
    private static Tensor ByUnit(Tensor activations) => activations.transpose(0, 1).flatten(1).to(float64);

    private static double[,] Finite(string space, double[,] correlation) =>
        correlation.Cast<double>().All(double.IsFinite)
            ? correlation
            : throw new ArgumentException(
                $"An activation of space '{space}' is not finite: the weights or inputs are not, or are too large."
            );
}
