using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Modules;

/// <summary>The network of a <see cref="VisionTransformerArchitecture"/>.</summary>
internal sealed class VisionTransformer(VisionTransformerArchitecture architecture, Generator generator) : LayeredNetwork(architecture, generator)
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
        long batch = x.shape[0], tokens = x.shape[1];
        var parts = Apply($"{name}.qkv", x).reshape(batch, tokens, 3, heads, architecture.HeadSize).permute(2, 0, 3, 1, 4);
        var mixed = F.scaled_dot_product_attention(parts.select(0, 0), parts.select(0, 1), parts.select(0, 2));
        return Apply($"{name}.proj", mixed.transpose(1, 2).reshape(batch, tokens, -1));
    }
}
