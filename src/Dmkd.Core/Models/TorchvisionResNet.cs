namespace Dmkd.Core.Models;

/// <summary>
/// The residual networks for photographs (He et al. 2016, section 4.1), with the weights named as in torchvision. The
/// stem is torchvision's 7x7 convolution with max pooling or, for small images, a 3x3 convolution alone or with the
/// max pooling: the weights of these two have the same shapes, and only the name tells them apart.
/// </summary>
/// <remarks>
/// Of basic blocks, the stem writes to the first stage's stream. Wider stages are reached by strided 1x1 convolutions,
/// so any units can be cut.
/// </remarks>
public sealed record TorchvisionResNetArchitecture : ResNetArchitecture
{
    /// <summary>Name of the family.</summary>
    public const string FamilyName = "resnet";

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
        : base(inputChannels, inputSize, streamWidths, innerWidths, outputCount)
    {
        Check(innerWidths.Count, 1, 8, "The number of stages");
        Check(streamWidths.Count, innerWidths.Count + 1, innerWidths.Count + 1, "The number of widths between blocks");
        (Kind, Stem) = (kind, stem);
        foreach (var stage in innerWidths)
        {
            Check(stage.Count, InnerPerBlock, 400, "The number of convolutions of a stage");
            Check(stage.Count % InnerPerBlock, 0, 0, "The remainder of a stage's convolutions by those of a block");
        }

        if (kind == ResNetBlockKind.Basic)
            Check(streamWidths[1], streamWidths[0], streamWidths[0], "The first stage's width");
        Describe(DescribeSpaces(), DescribeLayers());
    }

    /// <summary>What its blocks are made of.</summary>
    public ResNetBlockKind Kind { get; }

    /// <summary>What comes before the first stage.</summary>
    public override ResNetStem Stem { get; }

    /// <inheritdoc/>
    public override string Family => FamilyName;

    internal override string Head => "fc";

    internal override string Projection => "downsample";

    private protected override IReadOnlyList<int> Kernels => Kind == ResNetBlockKind.Basic ? [3, 3] : [1, 3, 1];

    private protected override string StemSpace => Kind == ResNetBlockKind.Basic ? StreamOf(0) : "conv1";

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
            stem ?? (inputSize <= ArchitectureCatalog.MaxSmallImage ? ResNetStem.Small : ResNetStem.Large),
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
            [widths[StemSpace], .. InnerWidths.Select((_, stage) => widths[StreamOf(stage)])],
            [
                .. InnerWidths.Select(
                    (inner, stage) => inner.Select((_, place) => widths[InnerOf(stage, place)]).ToArray()
                ),
            ],
            outputCount
        );
    }

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

    internal override bool Projects(int stage, int block) =>
        block == 0 && (stage > 0 || Kind == ResNetBlockKind.Bottleneck);

    private protected override string InnerOf(int stage, int place) =>
        $"{BlockOf(stage, place / InnerPerBlock)}.conv{place % InnerPerBlock + 1}";

    private static string StemText(ResNetStem stem) =>
        stem switch
        {
            ResNetStem.Small => "3",
            ResNetStem.SmallPooled => "3p",
            _ => "7",
        };
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
