using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Models;

/// <summary>
/// The residual networks for small images of He et al. 2016, section 4.2: a 3x3 convolution, stages of basic blocks
/// that each halve the map of the stage before, global average pooling, a linear head. Weights are named as in
/// akamaster/pytorch_resnet_cifar10.
/// </summary>
/// <remarks>
/// Every stage has one residual stream, a unit space that all its blocks write to, and each block an inner space.
/// Shortcuts of option A have no weights: which channel continues which is part of the description, so that a cut
/// network still adds the right ones.
/// </remarks>
public sealed record CifarResNetArchitecture : LayeredArchitecture
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
        : base(inputChannels, inputSize, outputCount)
    {
        ArgumentNullException.ThrowIfNull(streamWidths);
        ArgumentNullException.ThrowIfNull(innerWidths);
        Check(streamWidths.Count, 1, 8, nameof(streamWidths));
        Check(innerWidths.Count, streamWidths.Count, streamWidths.Count, nameof(innerWidths));
        foreach (var stage in innerWidths)
            Check(stage.Count, 1, 200, nameof(innerWidths));
        (Shortcut, StreamWidths, InnerWidths) = (
            shortcut,
            [.. streamWidths],
            [.. innerWidths.Select(stage => stage.ToArray())]
        );
        Describe(DescribeSpaces(), DescribeLayers());
        ShortcutSources = shortcut == ResNetShortcut.Projected ? [] : CheckSources(shortcutSources);
    }

    /// <summary>How a shortcut reaches the next stage.</summary>
    public ResNetShortcut Shortcut { get; }

    /// <summary>Channels of each stage's residual stream.</summary>
    public IReadOnlyList<int> StreamWidths { get; }

    /// <summary>For each stage the channels inside each of its blocks.</summary>
    public IReadOnlyList<IReadOnlyList<int>> InnerWidths { get; }

    /// <summary>
    /// Of option A, for each stage but the first and each of its channels the channel of the stage before, or -1. Of
    /// option B: empty.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<int>> ShortcutSources { get; }

    /// <inheritdoc/>
    public override string Family => FamilyName;

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

    /// <inheritdoc/>
    public override Network Build(TorchSharp.torch.Generator generator) => new CifarResNet(this, generator);

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

    internal static string BlockOf(int stage, int block) => $"layer{stage + 1}.{block}";

    private static string StreamOf(int stage) => $"layer{stage + 1}";

    private IEnumerable<UnitSpace> DescribeSpaces()
    {
        for (int stage = 0; stage < StreamWidths.Count; stage++)
        {
            yield return new UnitSpace(StreamOf(stage), StreamWidths[stage]);
            for (int block = 0; block < InnerWidths[stage].Count; block++)
                yield return new UnitSpace(BlockOf(stage, block), InnerWidths[stage][block]);
        }
    }

    private IEnumerable<Layer> DescribeLayers()
    {
        int size = Side;
        yield return Layer.Convolution("conv1", StreamOf(0), UnitSpace.Input, 3, 1, size);
        yield return Layer.BatchNormalisation("bn1", StreamOf(0));
        for (int stage = 0; stage < StreamWidths.Count; stage++)
        {
            if (stage > 0)
                size = (size + 1) / 2;
            for (int block = 0; block < InnerWidths[stage].Count; block++)
            {
                foreach (var layer in DescribeBlock(stage, block, size))
                    yield return layer;
            }
        }

        yield return Layer.Linear("linear", UnitSpace.Output, StreamOf(StreamWidths.Count - 1));
    }

    private IEnumerable<Layer> DescribeBlock(int stage, int block, int size)
    {
        bool first = stage > 0 && block == 0;
        string name = BlockOf(stage, block),
            stream = StreamOf(stage),
            source = first ? StreamOf(stage - 1) : stream;
        yield return Layer.Convolution($"{name}.conv1", name, source, 3, first ? 2 : 1, size);
        yield return Layer.BatchNormalisation($"{name}.bn1", name);
        yield return Layer.Convolution($"{name}.conv2", stream, name, 3, 1, size);
        yield return Layer.BatchNormalisation($"{name}.bn2", stream);
        if (!first || Shortcut == ResNetShortcut.ZeroPadded)
            yield break;
        yield return Layer.Convolution($"{name}.shortcut.0", stream, source, 1, 2, size);
        yield return Layer.BatchNormalisation($"{name}.shortcut.1", stream);
    }

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

/// <summary>The network of a <see cref="CifarResNetArchitecture"/>.</summary>
internal sealed class CifarResNet(CifarResNetArchitecture architecture, Generator generator)
    : LayeredNetwork(architecture, generator)
{
    public override Tensor Features(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = Step(
            Convolution.ChannelsLast(input),
            image => F.relu(Apply("bn1", Apply("conv1", image)), inplace: true)
        );
        for (int stage = 0; stage < architecture.InnerWidths.Count; stage++)
        {
            for (int block = 0; block < architecture.InnerWidths[stage].Count; block++)
            {
                int s = stage,
                    b = block;
                x = Step(x, map => Block(map, s, b));
            }
        }

        return x.mean([2, 3]).MoveToOuterDisposeScope();
    }

    public override Tensor Head(Tensor features) => Apply("linear", features);

    private Tensor Block(Tensor x, int stage, int block)
    {
        string name = CifarResNetArchitecture.BlockOf(stage, block);
        var inner = F.relu(Apply($"{name}.bn1", Apply($"{name}.conv1", x)), inplace: true);
        var result = Apply($"{name}.bn2", Apply($"{name}.conv2", inner));
        var shortcut = stage == 0 || block > 0 ? x : Widen(x, stage, name);
        return F.relu(result.add_(shortcut), inplace: true);
    }

    private Tensor Widen(Tensor x, int stage, string name) =>
        architecture.Shortcut == ResNetShortcut.Projected
            ? Apply($"{name}.shortcut.1", Apply($"{name}.shortcut.0", x))
            : Pad(x, architecture.ShortcutSources[stage - 1]);

    // Every second pixel of the mapped channels; -1 reads a channel of zeros put after the last.
    private static Tensor Pad(Tensor x, IReadOnlyList<int> sources)
    {
        long channels = x.shape[1];
        var halved = Convolution.EveryPosition(x, 2);
        var zeros = zeros_like(halved.narrow(1, 0, 1), requires_grad: false);
        long[] places = [.. sources.Select(source => source == ChannelMap.Zero ? channels : source)];
        return cat([halved, zeros], 1).index_select(1, tensor(places, device: x.device));
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
