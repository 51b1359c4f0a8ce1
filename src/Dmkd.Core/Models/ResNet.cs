using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Models;

/// <summary>
/// Residual networks (He et al. 2016): a stem, stages of blocks that each halve the map of the stage before, global
/// average pooling, a linear head.
/// </summary>
/// <remarks>
/// Every stage has one residual stream, a unit space that all its blocks write to. Inside a block every convolution but
/// the last has a space of its own.
/// </remarks>
public abstract record ResNetArchitecture : LayeredArchitecture
{
    private protected ResNetArchitecture(
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
        StreamWidths = [.. streamWidths];
        InnerWidths = [.. innerWidths.Select(stage => stage.ToArray())];
    }

    /// <summary>Channels of each stage's residual stream; before them those of the stem where it is described.</summary>
    public IReadOnlyList<int> StreamWidths { get; }

    /// <summary>For each stage, block after block, the channels of its convolutions but the last.</summary>
    public IReadOnlyList<IReadOnlyList<int>> InnerWidths { get; }

    /// <summary>Two descriptions are equal when their text is.</summary>
    public virtual bool Equals(ResNetArchitecture? other) => base.Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => base.GetHashCode();

    /// <inheritdoc/>
    public override Network Build(TorchSharp.torch.Generator generator) => new ResNet(this, generator);

    /// <summary>Name of the head.</summary>
    internal abstract string Head { get; }

    /// <summary>Name within a block of the convolution that reaches a wider stage, and its normalisation.</summary>
    internal abstract string Projection { get; }

    /// <summary>Kernels of a block's convolutions; the first of size 3 has the stride.</summary>
    private protected virtual IReadOnlyList<int> Kernels => [3, 3];

    /// <summary>What comes before the first stage.</summary>
    public virtual ResNetStem Stem => ResNetStem.Small;

    /// <summary>The space that the stem writes to.</summary>
    private protected virtual string StemSpace => StreamOf(0);

    /// <summary>Whether the stem does not write to the first stage's stream.</summary>
    internal bool HasStemSpace => StemSpace != StreamOf(0);

    /// <summary>Convolutions of a block but the last.</summary>
    internal int InnerPerBlock => Kernels.Count - 1;

    internal int BlocksOf(int stage) => InnerWidths[stage].Count / InnerPerBlock;

    internal static string BlockOf(int stage, int block) => $"layer{stage + 1}.{block}";

    /// <summary>Whether a block's shortcut is a convolution.</summary>
    internal abstract bool Projects(int stage, int block);

    /// <summary>
    /// The channels that a block's shortcut without weights adds, as in <see cref="ChannelMap"/>; null for those of
    /// its input.
    /// </summary>
    internal virtual IReadOnlyList<int>? SourcesOf(int stage, int block) => null;

    private protected static string StreamOf(int stage) => $"layer{stage + 1}";

    /// <summary>Space of a convolution inside a block.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="place">Its place in the stage's <see cref="InnerWidths"/>.</param>
    private protected virtual string InnerOf(int stage, int place) => BlockOf(stage, place);

    private protected IEnumerable<UnitSpace> DescribeSpaces()
    {
        if (HasStemSpace)
            yield return new UnitSpace(StemSpace, StreamWidths[0]);
        int first = StreamWidths.Count - InnerWidths.Count; // 1 where the stem is described, too
        for (int stage = 0; stage < InnerWidths.Count; stage++)
        {
            yield return new UnitSpace(StreamOf(stage), StreamWidths[first + stage]);
            for (int place = 0; place < InnerWidths[stage].Count; place++)
                yield return new UnitSpace(InnerOf(stage, place), InnerWidths[stage][place]);
        }
    }

    private protected IEnumerable<Layer> DescribeLayers()
    {
        bool isLarge = Stem is ResNetStem.Large;
        int size = isLarge ? Halved(Side) : Side;
        var (kernel, stride) = isLarge ? (7, 2) : (3, 1);
        yield return Layer.Convolution("conv1", StemSpace, UnitSpace.Input, kernel, stride, size);
        yield return Layer.BatchNormalisation("bn1", StemSpace);
        if (Stem is not ResNetStem.Small)
            size = Halved(size); // max pooling
        for (int stage = 0; stage < InnerWidths.Count; stage++)
        {
            for (int block = 0; block < BlocksOf(stage); block++)
            {
                int inputSize = size;
                if (stage > 0 && block == 0)
                    size = Halved(size);
                foreach (var layer in DescribeBlock(stage, block, inputSize, size))
                    yield return layer;
            }
        }

        yield return Layer.Linear(Head, UnitSpace.Output, StreamOf(InnerWidths.Count - 1));
    }

    private static int Halved(int size) => (size + 1) / 2;

    private IEnumerable<Layer> DescribeBlock(int stage, int block, int inputSize, int size)
    {
        string name = BlockOf(stage, block),
            source = stage == 0 ? StemSpace : StreamOf(stage - 1);
        if (block > 0)
            source = StreamOf(stage);
        var inner = Enumerable.Range(block * InnerPerBlock, InnerPerBlock).Select(place => InnerOf(stage, place));
        string[] spaces = [source, .. inner, StreamOf(stage)];
        int stride = stage > 0 && block == 0 ? 2 : 1,
            strided = Kernels.Index().First(kernel => kernel.Item == 3).Index;
        for (int i = 0; i < Kernels.Count; i++)
        {
            int step = i == strided ? stride : 1,
                output = i < strided ? inputSize : size;
            yield return Layer.Convolution($"{name}.conv{i + 1}", spaces[i + 1], spaces[i], Kernels[i], step, output);
            yield return Layer.BatchNormalisation($"{name}.bn{i + 1}", spaces[i + 1]);
        }

        if (!Projects(stage, block))
            yield break;
        yield return Layer.Convolution($"{name}.{Projection}.0", StreamOf(stage), source, 1, stride, size);
        yield return Layer.BatchNormalisation($"{name}.{Projection}.1", StreamOf(stage));
    }
}

/// <summary>The network of a <see cref="ResNetArchitecture"/>.</summary>
internal sealed class ResNet(ResNetArchitecture architecture, Generator generator)
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

    public override Tensor Head(Tensor features) => Apply(architecture.Head, features);

    private Tensor Stem(Tensor image)
    {
        var x = F.relu(Apply("bn1", Apply("conv1", image)), inplace: true);
        return architecture.Stem is ResNetStem.Small ? x : F.max_pool2d(x, 3, stride: 2, padding: 1);
    }

    private Tensor Block(Tensor x, int stage, int block)
    {
        string name = ResNetArchitecture.BlockOf(stage, block);
        int last = architecture.InnerPerBlock + 1;
        var result = x;
        for (int i = 1; i < last; i++)
            result = F.relu(Apply($"{name}.bn{i}", Apply($"{name}.conv{i}", result)), inplace: true);
        result = Apply($"{name}.bn{last}", Apply($"{name}.conv{last}", result));
        var shortcut = x;
        if (architecture.Projects(stage, block))
            shortcut = Apply($"{name}.{architecture.Projection}.1", Apply($"{name}.{architecture.Projection}.0", x));
        else if (architecture.SourcesOf(stage, block) is { } sources)
            shortcut = ChannelMap.Halved(x, sources);
        return F.relu(result.add_(shortcut), inplace: true);
    }
}
