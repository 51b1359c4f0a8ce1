namespace Dmkd.Core.Models;

/// <summary>
/// The residual networks for small images of He et al. 2016, section 4.2: a 3x3 convolution and stages of basic blocks.
/// Weights are named as in akamaster/pytorch_resnet_cifar10.
/// </summary>
/// <remarks>
/// Shortcuts of option A have no weights: which channel continues which is part of the description, so that a cut
/// network still adds the right ones.
/// </remarks>
public sealed record CifarResNetArchitecture : ResNetArchitecture
{
    /// <summary>Name of the family.</summary>
    public const string FamilyName = "cifar-resnet";

    private const string Example =
        "cifar-resnet(a;3x32x32;16-32-64;16.16.16-32.32.32-64.64.64;x8.0+16.x8-x16.0+32.x16;10)";

    /// <summary>Describes a network.</summary>
    /// <param name="shortcut">How a shortcut reaches the next stage.</param>
    /// <param name="inputChannels">Input channels, in [1, 4096].</param>
    /// <param name="inputSize">Height and width of the input, in [4, 1024].</param>
    /// <param name="streamWidths">Channels of each stage's residual stream, 1 to 8 stages.</param>
    /// <param name="innerWidths">For each stage the channels inside each of its blocks, 1 to 200 blocks.</param>
    /// <param name="shortcutSources">
    /// Of option A, for each stage but the first and each of its channels the channel of the stage before that its
    /// shortcut adds, or -1 for zeros; null centres the channels. Of option B: null.
    /// </param>
    /// <param name="outputCount">Outputs, at least 1.</param>
    public CifarResNetArchitecture(
        ResNetShortcut shortcut,
        int inputChannels,
        int inputSize,
        IReadOnlyList<int> streamWidths,
        IReadOnlyList<IReadOnlyList<int>> innerWidths,
        IReadOnlyList<IReadOnlyList<int>>? shortcutSources,
        int outputCount
    )
        : base(inputChannels, inputSize, streamWidths, innerWidths, outputCount)
    {
        Check(streamWidths.Count, 1, 8, "The number of stages");
        Check(innerWidths.Count, streamWidths.Count, streamWidths.Count, "The number of lists of blocks");
        foreach (var stage in innerWidths)
            Check(stage.Count, 1, 200, "The number of blocks of a stage");
        Shortcut = shortcut;
        Describe(DescribeSpaces(), DescribeLayers());
        ShortcutSources = shortcut == ResNetShortcut.Projected ? [] : CheckSources(shortcutSources);
    }

    /// <summary>How a shortcut reaches the next stage.</summary>
    public ResNetShortcut Shortcut { get; }

    /// <summary>
    /// Of option A, for each stage but the first and each of its channels the channel of the stage before, or -1. Of
    /// option B: empty.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<int>> ShortcutSources { get; }

    /// <inheritdoc/>
    public override string Family => FamilyName;

    internal override string Head => "linear";

    internal override string Projection => "shortcut";

    private protected override string Arguments =>
        string.Join(
            ';',
            (string[])
                [
                    Shortcut == ResNetShortcut.ZeroPadded ? "a" : "b",
                    $"{InputShape}",
                    string.Join('-', StreamWidths),
                    ArchitectureText.Join(InnerWidths),
                    .. Shortcut == ResNetShortcut.ZeroPadded
                        ? [string.Join('-', ShortcutSources.Select(ChannelMap.Write))]
                        : (string[])[],
                    $"{OutputCount}",
                ]
        );

    /// <summary>The published networks: 3 stages of 16, 32 and 64 channels.</summary>
    /// <param name="depth">Layers: 6n + 2, such as 20, 32, 44 or 56.</param>
    /// <param name="shortcut">How a shortcut reaches the next stage.</param>
    /// <param name="inputSize">Height and width of the input.</param>
    /// <param name="outputCount">Outputs, at least 1.</param>
    public static CifarResNetArchitecture OfDepth(int depth, ResNetShortcut shortcut, int inputSize, int outputCount)
    {
        if (depth < 8 || (depth - 2) % 6 != 0)
            throw new ArgumentOutOfRangeException(
                nameof(depth),
                depth,
                "depth must be 6n + 2 and at least 8, such as 20."
            );
        int[] widths = [16, 32, 64];
        int[][] inner = [.. widths.Select(width => Enumerable.Repeat(width, (depth - 2) / 6).ToArray())];
        return new CifarResNetArchitecture(shortcut, 3, inputSize, widths, inner, null, outputCount);
    }

    /// <inheritdoc/>
    public override NetworkArchitecture Resize(IReadOnlyDictionary<string, int> widths, int outputCount)
    {
        ArgumentNullException.ThrowIfNull(widths);
        return Cut(
            widths.ToDictionary(
                pair => pair.Key,
                pair => (IReadOnlyList<int>)[.. Enumerable.Range(0, pair.Value)],
                StringComparer.Ordinal
            ),
            outputCount
        );
    }

    /// <inheritdoc/>
    public override NetworkArchitecture Cut(IReadOnlyDictionary<string, IReadOnlyList<int>> units, int outputCount)
    {
        ArgumentNullException.ThrowIfNull(units);
        return new CifarResNetArchitecture(
            Shortcut,
            Channels,
            Side,
            [.. StreamWidths.Select((_, stage) => units[StreamOf(stage)].Count)],
            [
                .. InnerWidths.Select(
                    (blocks, stage) => blocks.Select((_, block) => units[BlockOf(stage, block)].Count).ToArray()
                ),
            ],
            Shortcut == ResNetShortcut.Projected
                ? null
                :
                [
                    .. ShortcutSources.Select(
                        (map, stage) => ChannelMap.Cut(map, units[StreamOf(stage)], units[StreamOf(stage + 1)])
                    ),
                ],
            outputCount
        );
    }

    /// <summary>Two descriptions are equal when their text is.</summary>
    public bool Equals(CifarResNetArchitecture? other) => base.Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => base.GetHashCode();

    [Named("resnet20", "ResNet-20 for small images, shortcuts without weights", Order = 3)]
    internal static CifarResNetArchitecture ResNet20(int outputs, int imageSize) =>
        OfDepth(20, ResNetShortcut.ZeroPadded, imageSize, outputs);

    [Named("resnet20-b", "ResNet-20 for small images, shortcuts with weights", Order = 4)]
    internal static CifarResNetArchitecture ResNet20B(int outputs, int imageSize) =>
        OfDepth(20, ResNetShortcut.Projected, imageSize, outputs);

    [Named("resnet32", "ResNet-32 for small images, shortcuts without weights", Order = 5)]
    internal static CifarResNetArchitecture ResNet32(int outputs, int imageSize) =>
        OfDepth(32, ResNetShortcut.ZeroPadded, imageSize, outputs);

    [Named("resnet32-b", "ResNet-32 for small images, shortcuts with weights", Order = 6)]
    internal static CifarResNetArchitecture ResNet32B(int outputs, int imageSize) =>
        OfDepth(32, ResNetShortcut.Projected, imageSize, outputs);

    [Named("resnet44", "ResNet-44 for small images, shortcuts without weights", Order = 7)]
    internal static CifarResNetArchitecture ResNet44(int outputs, int imageSize) =>
        OfDepth(44, ResNetShortcut.ZeroPadded, imageSize, outputs);

    [Named("resnet44-b", "ResNet-44 for small images, shortcuts with weights", Order = 8)]
    internal static CifarResNetArchitecture ResNet44B(int outputs, int imageSize) =>
        OfDepth(44, ResNetShortcut.Projected, imageSize, outputs);

    [Named("resnet56", "ResNet-56 for small images, shortcuts without weights", Order = 9)]
    internal static CifarResNetArchitecture ResNet56(int outputs, int imageSize) =>
        OfDepth(56, ResNetShortcut.ZeroPadded, imageSize, outputs);

    [Named("resnet56-b", "ResNet-56 for small images, shortcuts with weights", Order = 10)]
    internal static CifarResNetArchitecture ResNet56B(int outputs, int imageSize) =>
        OfDepth(56, ResNetShortcut.Projected, imageSize, outputs);

    [Named(FamilyName, "residual networks for small images")]
    internal static NetworkArchitecture Parse(string text) =>
        ArchitectureText.Read(
            text,
            Example,
            arguments =>
            {
                bool padded = arguments[0] == "a";
                if (!padded && arguments[0] != "b")
                    throw new FormatException($"'{arguments[0]}' is no shortcut, which is a or b.");
                ArchitectureText.Count(arguments, padded ? 6 : 5);
                var (channels, size) = ArchitectureText.Input(arguments[1]);
                int[][]? sources = null;
                if (padded)
                    sources = arguments[4].Length == 0 ? [] : [.. arguments[4].Split('-').Select(ChannelMap.Read)];
                return new CifarResNetArchitecture(
                    padded ? ResNetShortcut.ZeroPadded : ResNetShortcut.Projected,
                    channels,
                    size,
                    ArchitectureText.Numbers(arguments[2], '-'),
                    ArchitectureText.NumberLists(arguments[3]),
                    sources,
                    ArchitectureText.Number(arguments[^1])
                );
            }
        );

    internal override bool Projects(int stage, int block) =>
        Shortcut == ResNetShortcut.Projected && Widens(stage, block);

    internal override IReadOnlyList<int>? SourcesOf(int stage, int block) =>
        Shortcut == ResNetShortcut.ZeroPadded && Widens(stage, block) ? ShortcutSources[stage - 1] : null;

    private static bool Widens(int stage, int block) => stage > 0 && block == 0;

    private int[][] CheckSources(IReadOnlyList<IReadOnlyList<int>>? sources)
    {
        sources ??= [.. StreamWidths.Zip(StreamWidths.Skip(1), ChannelMap.Centred)];
        Check(sources.Count, StreamWidths.Count - 1, StreamWidths.Count - 1, "The number of shortcut maps");
        for (int stage = 1; stage <= sources.Count; stage++)
        {
            Check(
                sources[stage - 1].Count,
                StreamWidths[stage],
                StreamWidths[stage],
                $"The length of the shortcut map to '{StreamOf(stage)}'"
            );
            foreach (int source in sources[stage - 1])
                Check(
                    source,
                    ChannelMap.Zero,
                    StreamWidths[stage - 1] - 1,
                    $"A shortcut source of '{StreamOf(stage)}'"
                );
        }

        return [.. sources.Select(map => map.ToArray())];
    }
}

/// <summary>How a residual network's shortcut reaches a wider stage (He et al. 2016).</summary>
public enum ResNetShortcut
{
    /// <summary>Option A: every second pixel, new channels are zeros; no weights.</summary>
    ZeroPadded = 0,

    /// <summary>Option B: a strided 1x1 convolution with batch normalisation.</summary>
    Projected = 1,
}
