using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Models;

/// <summary>
/// The VGG networks with batch normalisation (Simonyan and Zisserman 2015), with the weights named as in torchvision:
/// <c>features.N</c>, then <c>classifier.N</c> after pooling to 7x7, or one linear <c>classifier</c> after global
/// pooling for small images.
/// </summary>
/// <remarks>Without torchvision's dropout: it has no weights, and its randomness would not be the run's.</remarks>
public sealed record VggArchitecture : LayeredArchitecture
{
    /// <summary>Name of the family.</summary>
    public const string FamilyName = "vgg";

    /// <summary>Map to which photographs are pooled.</summary>
    internal const int PooledSize = 7;

    private const string Example = "vgg(3x32x32;64-64.128-128;;10)";

    /// <summary>Describes a network.</summary>
    /// <param name="inputChannels">Input channels, in [1, 4096].</param>
    /// <param name="inputSize">Height and width of the input, in [4, 1024].</param>
    /// <param name="stages">For each stage the channels of its 3x3 convolutions; 2x2 max pooling ends every stage. 1 to
    /// 8 stages.</param>
    /// <param name="hiddenWidths">Neurons of each hidden layer of the classifier, or none for global pooling and a
    /// single linear layer.</param>
    /// <param name="outputCount">Outputs, at least 1.</param>
    public VggArchitecture(
        int inputChannels,
        int inputSize,
        IReadOnlyList<IReadOnlyList<int>> stages,
        IReadOnlyList<int> hiddenWidths,
        int outputCount
    )
        : base(inputChannels, inputSize, outputCount)
    {
        ArgumentNullException.ThrowIfNull(stages);
        ArgumentNullException.ThrowIfNull(hiddenWidths);
        Check(stages.Count, 1, 8, "The number of stages");
        Check(inputSize >> stages.Count, 1, inputSize, "The map after the last stage");
        foreach (var stage in stages)
            Check(stage.Count, 1, 16, "The number of layers of a stage");
        Check(hiddenWidths.Count, 0, 8, "The number of hidden layers");
        (Stages, HiddenWidths) = ([.. stages.Select(stage => stage.ToArray())], [.. hiddenWidths]);
        Describe(DescribeSpaces(), DescribeLayers());
    }

    /// <summary>For each stage the channels of its convolutions.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Stages { get; }

    /// <summary>Neurons of each hidden layer of the classifier.</summary>
    public IReadOnlyList<int> HiddenWidths { get; }

    /// <inheritdoc/>
    public override string Family => FamilyName;

    /// <summary>Name of the last layer.</summary>
    internal string HeadName => HiddenWidths.Count == 0 ? "classifier" : HiddenOf(HiddenWidths.Count);

    private protected override string Arguments =>
        $"{InputShape};{ArchitectureText.Join(Stages)};{string.Join('-', HiddenWidths)};{OutputCount}";

    /// <summary>A published network.</summary>
    /// <param name="depth">11, 13 or 16.</param>
    /// <param name="inputSize">Height and width of the input; up to 64 the classifier is a single linear layer.</param>
    /// <param name="outputCount">Outputs, at least 1.</param>
    public static VggArchitecture OfDepth(int depth, int inputSize, int outputCount)
    {
        int[] convolutions = depth switch
        {
            11 => [1, 1, 2, 2, 2],
            13 => [2, 2, 2, 2, 2],
            16 => [2, 2, 3, 3, 3],
            _ => throw new ArgumentOutOfRangeException(nameof(depth), depth, "depth must be 11, 13 or 16."),
        };
        int[] widths = [64, 128, 256, 512, 512];
        int[] hidden = inputSize <= ArchitectureCatalog.MaxSmallImage ? [] : [4096, 4096];
        return new VggArchitecture(
            3,
            inputSize,
            [.. widths.Zip(convolutions, (width, count) => Enumerable.Repeat(width, count).ToArray())],
            hidden,
            outputCount
        );
    }

    /// <inheritdoc/>
    public override NetworkArchitecture Resize(IReadOnlyDictionary<string, int> widths, int outputCount)
    {
        ArgumentNullException.ThrowIfNull(widths);
        int[] indices = [.. Indices()];
        int layer = 0;
        return new VggArchitecture(
            Channels,
            Side,
            [.. Stages.Select(stage => stage.Select(_ => widths[FeatureOf(indices[layer++])]).ToArray())],
            [.. HiddenWidths.Select((_, hidden) => widths[HiddenOf(hidden)])],
            outputCount
        );
    }

    /// <inheritdoc/>
    public override Network Build(TorchSharp.torch.Generator generator) => new Vgg(this, generator);

    /// <summary>Two descriptions are equal when their text is.</summary>
    public bool Equals(VggArchitecture? other) => base.Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => base.GetHashCode();

    [Named("vgg11-bn", "VGG-11 with batch norm", Order = 14)]
    internal static VggArchitecture Vgg11(int outputs, int imageSize) => OfDepth(11, imageSize, outputs);

    [Named("vgg13-bn", "VGG-13 with batch norm", Order = 15)]
    internal static VggArchitecture Vgg13(int outputs, int imageSize) => OfDepth(13, imageSize, outputs);

    [Named("vgg16-bn", "VGG-16 with batch norm", Order = 16)]
    internal static VggArchitecture Vgg16(int outputs, int imageSize) => OfDepth(16, imageSize, outputs);

    [Named(FamilyName, "VGG with batch norm")]
    internal static NetworkArchitecture Parse(string text) =>
        ArchitectureText.Read(
            text,
            Example,
            arguments =>
            {
                ArchitectureText.Count(arguments, 4);
                var (channels, size) = ArchitectureText.Input(arguments[0]);
                int[] hidden = arguments[2].Length == 0 ? [] : ArchitectureText.Numbers(arguments[2], '-');
                return new VggArchitecture(
                    channels,
                    size,
                    ArchitectureText.NumberLists(arguments[1]),
                    hidden,
                    ArchitectureText.Number(arguments[3])
                );
            }
        );

    internal static string FeatureOf(int index) => $"features.{index}";

    internal static string HiddenOf(int layer) => $"classifier.{3 * layer}"; // a ReLU and a dropout lie between

    /// <summary>
    /// The places of the convolutions in torchvision's list: normalisation and ReLU follow each, pooling each stage.
    /// </summary>
    internal IEnumerable<int> Indices()
    {
        int index = 0;
        foreach (var stage in Stages)
        {
            for (int i = 0; i < stage.Count; i++, index += 3)
                yield return index;
            index++;
        }
    }

    private IEnumerable<UnitSpace> DescribeSpaces() =>
        [
            .. Indices()
                .Zip(Stages.SelectMany(stage => stage), (index, width) => new UnitSpace(FeatureOf(index), width)),
            .. HiddenWidths.Select((width, layer) => new UnitSpace(HiddenOf(layer), width)),
        ];

    private IEnumerable<Layer> DescribeLayers()
    {
        string source = UnitSpace.Input;
        int[] sizes = [.. Stages.SelectMany((stage, i) => stage.Select(_ => Side >> i))];
        foreach (var (index, size) in Indices().Zip(sizes))
        {
            yield return Layer.Convolution(FeatureOf(index), FeatureOf(index), source, 3, 1, size) with
            {
                Bias = true,
            };
            yield return Layer.BatchNormalisation(FeatureOf(index + 1), FeatureOf(index));
            source = FeatureOf(index);
        }

        AxisUnits flattened = new(source, Inner: HiddenWidths.Count == 0 ? 1 : PooledSize * PooledSize);
        for (int layer = 0; layer < HiddenWidths.Count; layer++)
        {
            yield return Layer.Linear(HiddenOf(layer), HiddenOf(layer), flattened);
            flattened = HiddenOf(layer);
        }

        yield return Layer.Linear(HeadName, UnitSpace.Output, flattened);
    }
}

/// <summary>The network of a <see cref="VggArchitecture"/>.</summary>
internal sealed class Vgg(VggArchitecture architecture, Generator generator) : LayeredNetwork(architecture, generator)
{
    public override Tensor Features(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = Convolution.ChannelsLast(input);
        int[] indices = [.. architecture.Indices()];
        for (int i = 0; i < indices.Length; i++)
        {
            int index = indices[i];
            bool pools = i + 1 == indices.Length || indices[i + 1] > index + 3;
            x = Step(x, map => Convolve(map, index, pools));
        }

        x = F.adaptive_avg_pool2d(x, architecture.HiddenWidths.Count == 0 ? 1 : VggArchitecture.PooledSize).flatten(1);
        for (int layer = 0; layer < architecture.HiddenWidths.Count; layer++)
            x = F.relu(Apply(VggArchitecture.HiddenOf(layer), x), inplace: true);
        return x.MoveToOuterDisposeScope();
    }

    public override Tensor Head(Tensor features) => Apply(architecture.HeadName, features);

    private Tensor Convolve(Tensor x, int index, bool pools)
    {
        var result = F.relu(
            Apply(VggArchitecture.FeatureOf(index + 1), Apply(VggArchitecture.FeatureOf(index), x)),
            inplace: true
        );
        return pools ? F.max_pool2d(result, 2) : result;
    }
}
