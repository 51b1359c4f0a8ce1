namespace Dmkd.Core.Models;

/// <summary>
/// The residual networks for photographs (He et al. 2016, section 4.1), with the weights named as in torchvision. The
/// stem is torchvision's 7x7 convolution with max pooling or, for small images, a 3x3 convolution alone.
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
    /// <param name="smallImageStem">Whether the stem is a 3x3 convolution alone instead of a 7x7 one with stride 2 and
    /// max pooling.</param>
    /// <param name="inputChannels">Input channels, in [1, 4096].</param>
    /// <param name="inputSize">Height and width of the input, in [4, 1024].</param>
    /// <param name="streamWidths">Channels of the stem, then of each stage's residual stream, 1 to 8 stages. Of basic
    /// blocks the first two are one space and equal.</param>
    /// <param name="innerWidths">For each stage, block after block, the channels of its convolutions but the last: one
    /// of a basic block, two of a bottleneck.</param>
    /// <param name="outputCount">Outputs, at least 1.</param>
    public TorchvisionResNetArchitecture(
        ResNetBlockKind kind,
        bool smallImageStem,
        int inputChannels,
        int inputSize,
        IReadOnlyList<int> streamWidths,
        IReadOnlyList<IReadOnlyList<int>> innerWidths,
        int outputCount
    )
        : base(inputChannels, inputSize, streamWidths, innerWidths, outputCount)
    {
        Check(innerWidths.Count, 1, 8, nameof(innerWidths));
        Check(streamWidths.Count, innerWidths.Count + 1, innerWidths.Count + 1, nameof(streamWidths));
        (Kind, SmallImageStem) = (kind, smallImageStem);
        foreach (var stage in innerWidths)
        {
            Check(stage.Count, InnerPerBlock, 400, nameof(innerWidths));
            Check(stage.Count % InnerPerBlock, 0, 0, "The remainder of innerWidths");
        }

        if (kind == ResNetBlockKind.Basic)
            Check(streamWidths[1], streamWidths[0], streamWidths[0], "The first stage's width");
        Describe(DescribeSpaces(), DescribeLayers());
    }

    /// <summary>What its blocks are made of.</summary>
    public ResNetBlockKind Kind { get; }

    /// <summary>Whether the stem is a 3x3 convolution alone.</summary>
    public bool SmallImageStem { get; }

    /// <inheritdoc/>
    public override string Family => FamilyName;

    internal override string Head => "fc";

    internal override string Projection => "downsample";

    internal override bool HasLargeStem => !SmallImageStem;

    private protected override IReadOnlyList<int> Kernels => Kind == ResNetBlockKind.Basic ? [3, 3] : [1, 3, 1];

    private protected override string StemSpace => Kind == ResNetBlockKind.Basic ? StreamOf(0) : "conv1";

    private protected override string Arguments =>
        string.Join(
            ';',
            (string[])
                [
                    Kind == ResNetBlockKind.Basic ? "basic" : "bottleneck",
                    SmallImageStem ? "3" : "7",
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
    public static TorchvisionResNetArchitecture OfDepth(int depth, int inputSize, int outputCount)
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
            inputSize <= ArchitectureCatalog.MaxSmallImage,
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
            SmallImageStem,
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
                if (arguments[1] is not ("3" or "7"))
                    throw new FormatException($"'{arguments[1]}' is no stem, which is 3 or 7.");
                var (channels, size) = ArchitectureText.Input(arguments[2]);
                return new TorchvisionResNetArchitecture(
                    kind,
                    arguments[1] == "3",
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
}

/// <summary>What a residual network's blocks are made of (He et al. 2016).</summary>
public enum ResNetBlockKind
{
    /// <summary>Two 3x3 convolutions.</summary>
    Basic = 0,

    /// <summary>A 1x1, a 3x3 and a 1x1 convolution; the stride is the 3x3 one's, as in torchvision.</summary>
    Bottleneck = 1,
}
