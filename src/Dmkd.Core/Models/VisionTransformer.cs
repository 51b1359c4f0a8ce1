using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Models;

/// <summary>
/// The Vision Transformer (Dosovitskiy et al. 2021) with a class token and pre-normalised blocks, the weights named as
/// in timm.
/// </summary>
/// <remarks>
/// Units are the channels of the embedding stream, the attention heads (whole: their rows in query, key and value go
/// together) and the hidden neurons of each block. A layer normalisation reads the whole stream: cutting the stream is
/// never exact.
/// </remarks>
public sealed record VisionTransformerArchitecture : LayeredArchitecture
{
    /// <summary>Name of the family.</summary>
    public const string FamilyName = "vit";

    private const string Stream = "embedding";
    private const string Example = "vit(4;3x32x32;192;64;3-3;768-768;10)";

    /// <summary>Describes a network.</summary>
    /// <param name="patchSize">Height and width of a patch, in pixels; divides <paramref name="inputSize"/>.</param>
    /// <param name="inputChannels">Input channels, in [1, 4096].</param>
    /// <param name="inputSize">Height and width of the input, in [4, 1024].</param>
    /// <param name="embeddingWidth">Channels of the embedding stream.</param>
    /// <param name="headSize">Channels of an attention head, in [1, 1024].</param>
    /// <param name="heads">Attention heads of each block, 1 to 64 blocks.</param>
    /// <param name="hiddenWidths">Hidden neurons of each block.</param>
    /// <param name="outputCount">Outputs, at least 1.</param>
    public VisionTransformerArchitecture(
        int patchSize,
        int inputChannels,
        int inputSize,
        int embeddingWidth,
        int headSize,
        IReadOnlyList<int> heads,
        IReadOnlyList<int> hiddenWidths,
        int outputCount
    )
        : base(inputChannels, inputSize, outputCount)
    {
        ArgumentNullException.ThrowIfNull(heads);
        ArgumentNullException.ThrowIfNull(hiddenWidths);
        Check(patchSize, 1, inputSize, "The patch size");
        Check(inputSize % patchSize, 0, 0, "The remainder of the input's size by the patch size");
        Check(headSize, 1, 1024, "The size of a head");
        Check(heads.Count, 1, 64, "The number of blocks");
        Check(hiddenWidths.Count, heads.Count, heads.Count, "The number of hidden widths");
        (PatchSize, EmbeddingWidth, HeadSize, Heads, HiddenWidths) = (
            patchSize,
            embeddingWidth,
            headSize,
            [.. heads],
            [.. hiddenWidths]
        );
        Describe(DescribeSpaces(), DescribeLayers());
    }

    /// <summary>Height and width of a patch, in pixels.</summary>
    public int PatchSize { get; }

    /// <summary>Channels of the embedding stream.</summary>
    public int EmbeddingWidth { get; }

    /// <summary>Channels of an attention head.</summary>
    public int HeadSize { get; }

    /// <summary>Attention heads of each block.</summary>
    public IReadOnlyList<int> Heads { get; }

    /// <summary>Hidden neurons of each block.</summary>
    public IReadOnlyList<int> HiddenWidths { get; }

    /// <inheritdoc/>
    public override string Family => FamilyName;

    /// <inheritdoc/>
    public override long MultiplyAdds =>
        base.MultiplyAdds + Heads.Sum(heads => 2L * heads * HeadSize * Tokens * Tokens); // q·k and p·v

    private protected override string Arguments =>
        string.Join(
            ';',
            (string[])
                [
                    $"{PatchSize}",
                    $"{InputShape}",
                    $"{EmbeddingWidth}",
                    $"{HeadSize}",
                    string.Join('-', Heads),
                    string.Join('-', HiddenWidths),
                    $"{OutputCount}",
                ]
        );

    private int Patches => Side / PatchSize * (Side / PatchSize);

    private int Tokens => Patches + 1;

    /// <summary>
    /// ViT-Tiny: 12 blocks, 192 channels, 3 heads of 64, patches of 16 pixels or, for images up to 64, of 4.
    /// </summary>
    /// <param name="inputSize">Height and width of the input.</param>
    /// <param name="outputCount">Outputs, at least 1.</param>
    public static VisionTransformerArchitecture Tiny(int inputSize, int outputCount) =>
        new(
            inputSize <= ArchitectureCatalog.MaxSmallImage ? 4 : 16,
            3,
            inputSize,
            192,
            64,
            [.. Enumerable.Repeat(3, 12)],
            [.. Enumerable.Repeat(768, 12)],
            outputCount
        );

    /// <inheritdoc/>
    public override NetworkArchitecture Resize(IReadOnlyDictionary<string, int> widths, int outputCount)
    {
        ArgumentNullException.ThrowIfNull(widths);
        return new VisionTransformerArchitecture(
            PatchSize,
            Channels,
            Side,
            widths[Stream],
            HeadSize,
            [.. Heads.Select((_, block) => widths[HeadsOf(block)])],
            [.. HiddenWidths.Select((_, block) => widths[HiddenOf(block)])],
            outputCount
        );
    }

    /// <inheritdoc/>
    public override Network Build(TorchSharp.torch.Generator generator) => new VisionTransformer(this, generator);

    /// <summary>Two descriptions are equal when their text is.</summary>
    public bool Equals(VisionTransformerArchitecture? other) => base.Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => base.GetHashCode();

    [Named("vit-tiny", "a small vision transformer", Order = 17)]
    internal static VisionTransformerArchitecture UsualTiny(int outputs, int imageSize) => Tiny(imageSize, outputs);

    [Named(FamilyName, "vision transformers")]
    internal static NetworkArchitecture Parse(string text) =>
        ArchitectureText.Read(
            text,
            Example,
            arguments =>
            {
                ArchitectureText.Count(arguments, 7);
                var (channels, size) = ArchitectureText.Input(arguments[1]);
                return new VisionTransformerArchitecture(
                    ArchitectureText.Number(arguments[0]),
                    channels,
                    size,
                    ArchitectureText.Number(arguments[2]),
                    ArchitectureText.Number(arguments[3]),
                    ArchitectureText.Numbers(arguments[4], '-'),
                    ArchitectureText.Numbers(arguments[5], '-'),
                    ArchitectureText.Number(arguments[6])
                );
            }
        );

    private static string HeadsOf(int block) => $"blocks.{block}.attn";

    private static string HiddenOf(int block) => $"blocks.{block}.mlp";

    private IEnumerable<UnitSpace> DescribeSpaces() =>
        [
            new UnitSpace(Stream, EmbeddingWidth),
            .. Heads
                .Zip(HiddenWidths)
                .SelectMany(
                    (widths, block) =>
                        (UnitSpace[])[new(HeadsOf(block), widths.First), new(HiddenOf(block), widths.Second)]
                ),
        ];

    private IEnumerable<Layer> DescribeLayers()
    {
        yield return new Layer("cls_token", LayerKind.Embedding, Stream);
        yield return new Layer("pos_embed", LayerKind.Embedding, Stream) { Positions = Tokens };
        yield return new Layer("patch_embed.proj", LayerKind.Convolution, Stream, UnitSpace.Input)
        {
            Kernel = PatchSize,
            Stride = PatchSize,
            Padded = false,
            Bias = true,
            Positions = Patches,
        };
        for (int block = 0; block < Heads.Count; block++)
        {
            string name = $"blocks.{block}",
                heads = HeadsOf(block),
                hidden = HiddenOf(block);
            yield return new Layer($"{name}.norm1", LayerKind.LayerNormalisation, Stream);
            yield return Layer.Linear(
                $"{name}.attn.qkv",
                new AxisUnits(heads, Outer: 3, Inner: HeadSize),
                Stream,
                Tokens
            );
            yield return Layer.Linear($"{name}.attn.proj", Stream, new AxisUnits(heads, Inner: HeadSize), Tokens);
            yield return new Layer($"{name}.norm2", LayerKind.LayerNormalisation, Stream);
            yield return Layer.Linear($"{name}.mlp.fc1", hidden, Stream, Tokens);
            yield return Layer.Linear($"{name}.mlp.fc2", Stream, hidden, Tokens);
        }

        yield return new Layer("norm", LayerKind.LayerNormalisation, Stream);
        yield return Layer.Linear("head", UnitSpace.Output, Stream);
    }
}

/// <summary>The network of a <see cref="VisionTransformerArchitecture"/>.</summary>
internal sealed class VisionTransformer(VisionTransformerArchitecture architecture, Generator generator)
    : LayeredNetwork(architecture, generator)
{
    public override Tensor Features(Tensor input)
    {
        using var scope = NewDisposeScope();
        var patches = Apply("patch_embed.proj", input).flatten(2).transpose(1, 2);
        // Asked for by name every time: moving a network to a device replaces its bare parameters.
        var token = get_parameter("cls_token")!.expand(input.shape[0], -1, -1);
        var x = cat([token, patches], 1) + get_parameter("pos_embed")!;
        for (int block = 0; block < architecture.Heads.Count; block++)
        {
            int b = block;
            x = Step(x, tokens => Block(tokens, b));
        }

        return Apply("norm", x).select(1, 0).contiguous().MoveToOuterDisposeScope();
    }

    public override Tensor Head(Tensor features) => Apply("head", features);

    private Tensor Block(Tensor x, int block)
    {
        string name = $"blocks.{block}";
        x += Attention(Apply($"{name}.norm1", x), $"{name}.attn", architecture.Heads[block]);
        return x + Apply($"{name}.mlp.fc2", F.gelu(Apply($"{name}.mlp.fc1", Apply($"{name}.norm2", x))));
    }

    private Tensor Attention(Tensor x, string name, int heads)
    {
        long batch = x.shape[0],
            tokens = x.shape[1];
        var parts = Apply($"{name}.qkv", x)
            .reshape(batch, tokens, 3, heads, architecture.HeadSize)
            .permute(2, 0, 3, 1, 4);
        var mixed = F.scaled_dot_product_attention(parts.select(0, 0), parts.select(0, 1), parts.select(0, 2));
        return Apply($"{name}.proj", mixed.transpose(1, 2).reshape(batch, tokens, -1));
    }
}
