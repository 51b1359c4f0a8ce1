using System.Globalization;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Models;

/// <summary>
/// A small convolutional network: per layer a 3x3 convolution, batch normalisation, ReLU and, while the map is larger
/// than 4x4, 2x2 max pooling; then global average pooling and a linear head.
/// </summary>
public sealed record ConvNetArchitecture : NetworkArchitecture
{
    /// <summary>Name of the family.</summary>
    public const string FamilyName = "convnet";

    private const int MaxLayers = 12;
    private const int MaxWidth = 4096;
    private const int MinPooledMap = 4;

    /// <summary>Describes a network.</summary>
    /// <param name="inputChannels">Input channels, in [1, 4096].</param>
    /// <param name="inputSize">Height and width of the input, in [4, 512].</param>
    /// <param name="widths">Channels of each layer, 1 to 12 layers of [1, 4096] channels.</param>
    /// <param name="outputCount">Outputs, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public ConvNetArchitecture(int inputChannels, int inputSize, IReadOnlyList<int> widths, int outputCount)
    {
        ArgumentNullException.ThrowIfNull(widths);
        Check(inputChannels, 1, MaxWidth, "The number of input channels");
        Check(inputSize, 4, 512, "The input's height and width");
        Check(widths.Count, 1, MaxLayers, "The number of layers");
        foreach (int width in widths)
            Check(width, 1, MaxWidth, "The width of a layer");
        Check(outputCount, 1, 1_000_000, "The number of outputs");
        InputShape = new InputShape(inputChannels, inputSize, inputSize);
        Widths = [.. widths];
        OutputCount = outputCount;
        UnitSpaces = [.. Widths.Select((width, layer) => new UnitSpace(SpaceOf(layer), width))];
        Weights = [.. DescribeWeights()];
    }

    private int Channels => InputShape[0];

    private int Side => InputShape[1];

    /// <summary>Channels of each layer.</summary>
    public IReadOnlyList<int> Widths { get; }

    /// <inheritdoc/>
    public override string Family => FamilyName;

    /// <inheritdoc/>
    public override InputShape InputShape { get; }

    /// <inheritdoc/>
    public override int OutputCount { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<UnitSpace> UnitSpaces { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<WeightAxes> Weights { get; }

    /// <inheritdoc/>
    public override long ParameterCount
    {
        get
        {
            long total = (long)(Widths[^1] + 1) * OutputCount;
            for (int layer = 0; layer < Widths.Count; layer++)
                total += Widths[layer] * (9L * (layer == 0 ? Channels : Widths[layer - 1]) + 2);
            return total;
        }
    }

    /// <inheritdoc/>
    public override long MultiplyAdds
    {
        get
        {
            long total = 0;
            int size = Side;
            for (int layer = 0; layer < Widths.Count; layer++)
            {
                int inputs = layer == 0 ? Channels : Widths[layer - 1];
                total += 9L * inputs * Widths[layer] * size * size;
                if (PoolsAfter(layer))
                    size /= 2;
            }

            return total + (long)Widths[^1] * OutputCount;
        }
    }

    /// <inheritdoc/>
    public override NetworkArchitecture Resize(IReadOnlyDictionary<string, int> widths, int outputCount)
    {
        ArgumentNullException.ThrowIfNull(widths);
        return new ConvNetArchitecture(
            Channels,
            Side,
            [.. UnitSpaces.Select(space => widths[space.Name])],
            outputCount
        );
    }

    /// <inheritdoc/>
    public override Network Build(torch.Generator generator) => new ConvNet(this, generator);

    /// <summary>Whether the map is halved after a layer.</summary>
    /// <param name="layer">Position of the layer, from 0.</param>
    public bool PoolsAfter(int layer) => Side >> (layer + 1) >= MinPooledMap;

    /// <summary>Two descriptions are equal when their text is.</summary>
    public bool Equals(ConvNetArchitecture? other) => other is not null && ToString() == other.ToString();

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Family}({InputShape};{string.Join('-', Widths)};{OutputCount})");

    [Named("convnet", "four convolutions of 24 and 48 channels", Order = 2)]
    internal static ConvNetArchitecture Usual(int outputs, int imageSize) =>
        new(3, imageSize, [24, 48, 48, 48], outputs);

    [Named(FamilyName, "convolutions with batch norm, then pooling and one linear layer")]
    internal static NetworkArchitecture Parse(string text) =>
        ArchitectureText.Read(
            text,
            "convnet(3x32x32;24-48-48-48;8)",
            arguments =>
            {
                ArchitectureText.Count(arguments, 3);
                var (channels, size) = ArchitectureText.Input(arguments[0]);
                return new ConvNetArchitecture(
                    channels,
                    size,
                    ArchitectureText.Numbers(arguments[1], '-'),
                    ArchitectureText.Number(arguments[2])
                );
            }
        );

    internal static string ConvolutionOf(int layer) => $"conv{layer + 1}";

    internal static string NormalisationOf(int layer) => $"norm{layer + 1}";

    private static string SpaceOf(int layer) => $"conv{layer + 1}";

    private static void Check(int value, int minimum, int maximum, string name)
    {
        if (value < minimum || value > maximum)
            throw LayeredArchitecture.OutOfRange(value, minimum, maximum, name);
    }

    private IEnumerable<WeightAxes> DescribeWeights()
    {
        for (int layer = 0; layer < Widths.Count; layer++)
        {
            string space = SpaceOf(layer),
                norm = NormalisationOf(layer);
            yield return new WeightAxes(
                $"{ConvolutionOf(layer)}.weight",
                space,
                layer == 0 ? UnitSpace.Input : SpaceOf(layer - 1)
            );
            foreach (string vector in (string[])["weight", "bias", "running_mean", "running_var"])
                yield return new WeightAxes($"{norm}.{vector}", space);
        }

        yield return new WeightAxes("head.weight", UnitSpace.Output, SpaceOf(Widths.Count - 1));
        yield return new WeightAxes("head.bias", UnitSpace.Output);
    }
}

/// <summary>The network of a <see cref="ConvNetArchitecture"/>.</summary>
internal sealed class ConvNet : Network
{
    private readonly Convolution[] _convolutions;
    private readonly BatchNorm2d[] _normalisations;
    private readonly Linear _head;
    private readonly ConvNetArchitecture _architecture;

    public ConvNet(ConvNetArchitecture architecture, Generator generator)
        : base(architecture)
    {
        _architecture = architecture;
        _convolutions = new Convolution[architecture.Widths.Count];
        _normalisations = new BatchNorm2d[architecture.Widths.Count];
        int inputs = architecture.InputShape[0];
        for (int layer = 0; layer < _convolutions.Length; layer++)
        {
            int outputs = architecture.Widths[layer];
            _convolutions[layer] = new Convolution(
                new ConvolutionShape(inputs, outputs, Kernel: 3) { Padding = 1 },
                bias: false
            );
            _normalisations[layer] = nn.BatchNorm2d(outputs);
            register_module(ConvNetArchitecture.ConvolutionOf(layer), _convolutions[layer]);
            register_module(ConvNetArchitecture.NormalisationOf(layer), _normalisations[layer]);
            WeightInitialisation.KaimingNormal(_convolutions[layer].Weight, generator);
            inputs = outputs;
        }

        _head = nn.Linear(inputs, architecture.OutputCount);
        register_module("head", _head);
        WeightInitialisation.Linear(_head, generator);
    }

    public override Tensor Features(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = input;
        for (int layer = 0; layer < _convolutions.Length; layer++)
        {
            x = F.relu(_normalisations[layer].forward(_convolutions[layer].forward(x)), inplace: true);
            if (_architecture.PoolsAfter(layer))
                x = F.max_pool2d(x, 2);
        }

        return x.mean([2, 3]).MoveToOuterDisposeScope();
    }

    public override Tensor Head(Tensor features) => _head.forward(features);
}
