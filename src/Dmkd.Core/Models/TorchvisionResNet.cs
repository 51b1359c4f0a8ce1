using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Models;

/// <summary>
/// The residual networks for photographs (He et al. 2016, section 4.1), with the weights named as in torchvision. The
/// stem is torchvision's 7x7 convolution with max pooling or, for small images, a 3x3 convolution alone or with the
/// max pooling: the weights of these two have the same shapes, and only the name tells them apart.
/// </summary>
/// <remarks>
/// Every stage has one residual stream; of basic blocks, the stem writes to the first stage's. Inside a block every
/// convolution but the last has a space of its own. Wider stages are reached by strided 1x1 convolutions, so any units
/// can be cut.
/// </remarks>
public sealed record TorchvisionResNetArchitecture : LayeredArchitecture
{
    /// <summary>Name of the family.</summary>
    public const string FamilyName = "resnet";

    private const string StemSpace = "conv1";
    private const string Example = "resnet(basic;3;3x32x32;64-64-128;64.64-128.128;10)";

    /// <summary>Describes a network.</summary>
    /// <param name="kind">What its blocks are made of.</param>
    /// <param name="stem">What comes before the first stage.</param>
    /// <param name="inputChannels">Input channels, in [1, 4096].</param>
    /// <param name="inputSize">Height and width of the input, in [4, 1024].</param>
    /// <param name="streamWidths">Channels of the stem, then of each stage's residual stream, 1 to 8 stages. Of basic
    /// blocks the first two are one space and equal.</param>
    /// <param name="innerWidths">For each stage, block after block, the channels of its convolutions but the last: one
    /// of a basic block, two of a bottleneck.</param>
    /// <param name="outputCount">Outputs, at least 1.</param>
    public TorchvisionResNetArchitecture(
        ResNetBlockKind kind,
        ResNetStem stem,
        int inputChannels,
        int inputSize,
        IReadOnlyList<int> streamWidths,
        IReadOnlyList<IReadOnlyList<int>> innerWidths,
        int outputCount
    )
        : base(inputChannels, inputSize, outputCount)
    {
        ArgumentNullException.ThrowIfNull(streamWidths);
        ArgumentNullException.ThrowIfNull(innerWidths);
        Check(innerWidths.Count, 1, 8, nameof(innerWidths));
        Check(streamWidths.Count, innerWidths.Count + 1, innerWidths.Count + 1, nameof(streamWidths));
        (Kind, Stem) = (kind, stem);
        foreach (var stage in innerWidths)
        {
            Check(stage.Count, InnerPerBlock, 400, nameof(innerWidths));
            Check(stage.Count % InnerPerBlock, 0, 0, "The remainder of innerWidths");
        }

        if (kind == ResNetBlockKind.Basic)
            Check(streamWidths[1], streamWidths[0], streamWidths[0], "The first stage's width");
        (StreamWidths, InnerWidths) = ([.. streamWidths], [.. innerWidths.Select(stage => stage.ToArray())]);
        Describe(DescribeSpaces(), DescribeLayers());
    }

    /// <summary>What its blocks are made of.</summary>
    public ResNetBlockKind Kind { get; }

    /// <summary>What comes before the first stage.</summary>
    public ResNetStem Stem { get; }

    /// <summary>Channels of the stem, then of each stage's residual stream.</summary>
    public IReadOnlyList<int> StreamWidths { get; }

    /// <summary>For each stage, block after block, the channels of its convolutions but the last.</summary>
    public IReadOnlyList<IReadOnlyList<int>> InnerWidths { get; }

    /// <inheritdoc/>
    public override string Family => FamilyName;

    /// <summary>Convolutions of a block but the last.</summary>
    internal int InnerPerBlock => Kind == ResNetBlockKind.Basic ? 1 : 2;

    private protected override string Arguments =>
        string.Join(
            ';',
            (string[])
                [
                    Kind == ResNetBlockKind.Basic ? "basic" : "bottleneck",
                    StemText(Stem),
                    $"{InputShape}",
                    string.Join('-', StreamWidths),
                    ArchitectureText.Join(InnerWidths),
                    $"{OutputCount}",
                ]
        );

    /// <summary>A published network.</summary>
    /// <param name="depth">18, 34 or 50.</param>
    /// <param name="inputSize">Height and width of the input; up to 64 the stem is the one for small images.</param>
    /// <param name="outputCount">Outputs, at least 1.</param>
    /// <param name="stem">The stem; null for the one of the input's size.</param>
    public static TorchvisionResNetArchitecture OfDepth(
        int depth,
        int inputSize,
        int outputCount,
        ResNetStem? stem = null
    )
    {
        int[] blocks = depth switch
        {
            18 => [2, 2, 2, 2],
            34 or 50 => [3, 4, 6, 3],
            _ => throw new ArgumentOutOfRangeException(nameof(depth), depth, "depth must be 18, 34 or 50."),
        };
        bool bottleneck = depth == 50;
        int[] widths = [64, 128, 256, 512];
        return new TorchvisionResNetArchitecture(
            bottleneck ? ResNetBlockKind.Bottleneck : ResNetBlockKind.Basic,
            stem ?? (inputSize <= ArchitectureCatalog.LargestSmallImage ? ResNetStem.Small : ResNetStem.Large),
            3,
            inputSize,
            [64, .. widths.Select(width => bottleneck ? 4 * width : width)],
            [
                .. widths.Zip(
                    blocks,
                    (width, count) => Enumerable.Repeat(width, bottleneck ? 2 * count : count).ToArray()
                ),
            ],
            outputCount
        );
    }

    /// <inheritdoc/>
    public override NetworkArchitecture Resize(IReadOnlyDictionary<string, int> widths, int outputCount)
    {
        ArgumentNullException.ThrowIfNull(widths);
        return new TorchvisionResNetArchitecture(
            Kind,
            Stem,
            Channels,
            Side,
            [.. StreamWidths.Select((_, stream) => widths[StreamOf(stream)])],
            [
                .. InnerWidths.Select(
                    (inner, stage) => inner.Select((_, place) => widths[InnerOf(stage, place)]).ToArray()
                ),
            ],
            outputCount
        );
    }

    /// <inheritdoc/>
    public override Network Build(TorchSharp.torch.Generator generator) => new TorchvisionResNet(this, generator);

    /// <summary>Two descriptions are equal when their text is.</summary>
    public bool Equals(TorchvisionResNetArchitecture? other) => base.Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => base.GetHashCode();

    [Named("resnet18", "ResNet-18 as torchvision has it", Order = 11)]
    internal static TorchvisionResNetArchitecture ResNet18(int outputs, int imageSize) =>
        OfDepth(18, imageSize, outputs);

    [Named("resnet34", "ResNet-34 as torchvision has it", Order = 12)]
    internal static TorchvisionResNetArchitecture ResNet34(int outputs, int imageSize) =>
        OfDepth(34, imageSize, outputs);

    [Named("resnet50", "ResNet-50 as torchvision has it", Order = 13)]
    internal static TorchvisionResNetArchitecture ResNet50(int outputs, int imageSize) =>
        OfDepth(50, imageSize, outputs);

    [Named("resnet18-pool", "ResNet-18 with a 3x3 stem and max pooling", Order = 18)]
    internal static TorchvisionResNetArchitecture ResNet18Pool(int outputs, int imageSize) =>
        OfDepth(18, imageSize, outputs, ResNetStem.SmallPooled);

    [Named("resnet34-pool", "ResNet-34 with a 3x3 stem and max pooling", Order = 19)]
    internal static TorchvisionResNetArchitecture ResNet34Pool(int outputs, int imageSize) =>
        OfDepth(34, imageSize, outputs, ResNetStem.SmallPooled);

    [Named("resnet50-pool", "ResNet-50 with a 3x3 stem and max pooling", Order = 20)]
    internal static TorchvisionResNetArchitecture ResNet50Pool(int outputs, int imageSize) =>
        OfDepth(50, imageSize, outputs, ResNetStem.SmallPooled);

    [Named(FamilyName, "residual networks as torchvision has them")]
    internal static NetworkArchitecture Parse(string text) =>
        ArchitectureText.Read(
            text,
            Example,
            arguments =>
            {
                ArchitectureText.Count(arguments, 6);
                var kind = arguments[0] switch
                {
                    "basic" => ResNetBlockKind.Basic,
                    "bottleneck" => ResNetBlockKind.Bottleneck,
                    _ => throw new FormatException(
                        $"'{arguments[0]}' is no kind of block, which is basic or bottleneck."
                    ),
                };
                var stem = Enum.GetValues<ResNetStem>()
                    .Cast<ResNetStem?>()
                    .FirstOrDefault(known => StemText(known!.Value) == arguments[1]);
                if (stem is null)
                    throw new FormatException($"'{arguments[1]}' is no stem, which is 3, 3p or 7.");
                var (channels, size) = ArchitectureText.Input(arguments[2]);
                return new TorchvisionResNetArchitecture(
                    kind,
                    stem.Value,
                    channels,
                    size,
                    ArchitectureText.Numbers(arguments[3], '-'),
                    ArchitectureText.NumberLists(arguments[4]),
                    ArchitectureText.Number(arguments[5])
                );
            }
        );

    internal static string BlockOf(int stage, int block) => $"layer{stage + 1}.{block}";

    private static string StemText(ResNetStem stem) =>
        stem switch
        {
            ResNetStem.Small => "3",
            ResNetStem.SmallPooled => "3p",
            _ => "7",
        };

    internal int BlocksOf(int stage) => InnerWidths[stage].Count / InnerPerBlock;

    /// <summary>Whether a block's shortcut is a convolution.</summary>
    internal bool Projects(int stage, int block) => block == 0 && (stage > 0 || Kind == ResNetBlockKind.Bottleneck);

    // Stream 0 is the stem's.
    private string StreamOf(int stream)
    {
        if (stream > 0)
            return $"layer{stream}";
        return Kind == ResNetBlockKind.Basic ? "layer1" : StemSpace;
    }

    private string InnerOf(int stage, int place) =>
        $"{BlockOf(stage, place / InnerPerBlock)}.conv{place % InnerPerBlock + 1}";

    private IEnumerable<UnitSpace> DescribeSpaces()
    {
        if (Kind == ResNetBlockKind.Bottleneck)
            yield return new UnitSpace(StemSpace, StreamWidths[0]);
        for (int stage = 0; stage < InnerWidths.Count; stage++)
        {
            yield return new UnitSpace(StreamOf(stage + 1), StreamWidths[stage + 1]);
            for (int place = 0; place < InnerWidths[stage].Count; place++)
                yield return new UnitSpace(InnerOf(stage, place), InnerWidths[stage][place]);
        }
    }

    private IEnumerable<Layer> DescribeLayers()
    {
        bool isLarge = Stem == ResNetStem.Large;
        int size = isLarge ? (Side + 1) / 2 : Side;
        yield return Layer.Convolution("conv1", StreamOf(0), UnitSpace.Input, isLarge ? 7 : 3, isLarge ? 2 : 1, size);
        yield return Layer.BatchNormalisation("bn1", StreamOf(0));
        if (Stem != ResNetStem.Small)
            size = (size + 1) / 2; // max pooling
        for (int stage = 0; stage < InnerWidths.Count; stage++)
        {
            for (int block = 0; block < BlocksOf(stage); block++)
            {
                int inputSize = size;
                if (stage > 0 && block == 0)
                    size = (size + 1) / 2;
                foreach (var layer in DescribeBlock(stage, block, inputSize, size))
                    yield return layer;
            }
        }

        yield return Layer.Linear("fc", UnitSpace.Output, StreamOf(InnerWidths.Count));
    }

    private IEnumerable<Layer> DescribeBlock(int stage, int block, int inputSize, int size)
    {
        int stride = stage > 0 && block == 0 ? 2 : 1,
            place = block * InnerPerBlock;
        string name = BlockOf(stage, block),
            stream = StreamOf(stage + 1),
            source = block == 0 ? StreamOf(stage) : stream;
        (string Rows, string Columns, int Kernel, int Stride, int Size)[] convolutions =
            Kind == ResNetBlockKind.Basic
                ? [(InnerOf(stage, place), source, 3, stride, size), (stream, InnerOf(stage, place), 3, 1, size)]
                :
                [
                    (InnerOf(stage, place), source, 1, 1, inputSize),
                    (InnerOf(stage, place + 1), InnerOf(stage, place), 3, stride, size),
                    (stream, InnerOf(stage, place + 1), 1, 1, size),
                ];
        for (int i = 0; i < convolutions.Length; i++)
        {
            var (rows, columns, kernel, step, output) = convolutions[i];
            yield return Layer.Convolution($"{name}.conv{i + 1}", rows, columns, kernel, step, output);
            yield return Layer.BatchNormalisation($"{name}.bn{i + 1}", rows);
        }

        if (!Projects(stage, block))
            yield break;
        yield return Layer.Convolution($"{name}.downsample.0", stream, source, 1, stride, size);
        yield return Layer.BatchNormalisation($"{name}.downsample.1", stream);
    }
}

/// <summary>The network of a <see cref="TorchvisionResNetArchitecture"/>.</summary>
internal sealed class TorchvisionResNet(TorchvisionResNetArchitecture architecture, Generator generator)
    : LayeredNetwork(architecture, generator)
{
    public override Tensor Features(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = Step(Convolution.ChannelsLast(input), Stem);
        for (int stage = 0; stage < architecture.InnerWidths.Count; stage++)
        {
            for (int block = 0; block < architecture.BlocksOf(stage); block++)
            {
                int s = stage,
                    b = block;
                x = Step(x, map => Block(map, s, b));
            }
        }

        return x.mean([2, 3]).MoveToOuterDisposeScope();
    }

    public override Tensor Head(Tensor features) => Apply("fc", features);

    private Tensor Stem(Tensor image)
    {
        var x = F.relu(Apply("bn1", Apply("conv1", image)), inplace: true);
        return architecture.Stem == ResNetStem.Small ? x : F.max_pool2d(x, 3, stride: 2, padding: 1);
    }

    private Tensor Block(Tensor x, int stage, int block)
    {
        string name = TorchvisionResNetArchitecture.BlockOf(stage, block);
        int last = architecture.InnerPerBlock + 1;
        var result = x;
        for (int i = 1; i < last; i++)
            result = F.relu(Apply($"{name}.bn{i}", Apply($"{name}.conv{i}", result)), inplace: true);
        result = Apply($"{name}.bn{last}", Apply($"{name}.conv{last}", result));
        var shortcut = architecture.Projects(stage, block)
            ? Apply($"{name}.downsample.1", Apply($"{name}.downsample.0", x))
            : x;
        return F.relu(result.add_(shortcut), inplace: true);
    }
}

/// <summary>What a residual network has before its first stage.</summary>
public enum ResNetStem
{
    /// <summary>A 7x7 convolution with stride 2, and 3x3 max pooling with stride 2: for photographs.</summary>
    Large = 0,

    /// <summary>A 3x3 convolution: for small images.</summary>
    Small = 1,

    /// <summary>A 3x3 convolution, and 3x3 max pooling with stride 2.</summary>
    SmallPooled = 2,
}

/// <summary>What a residual network's blocks are made of (He et al. 2016).</summary>
public enum ResNetBlockKind
{
    /// <summary>Two 3x3 convolutions.</summary>
    Basic = 0,

    /// <summary>A 1x1, a 3x3 and a 1x1 convolution; the stride is the 3x3 one's, as in torchvision.</summary>
    Bottleneck = 1,
}
