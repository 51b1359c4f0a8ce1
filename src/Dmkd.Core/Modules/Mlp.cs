using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Modules;

/// <summary>The network of an <see cref="MlpArchitecture"/>.</summary>
internal sealed class Mlp(MlpArchitecture architecture, Generator generator) : LayeredNetwork(architecture, generator)
{
    public override Tensor Features(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = input.flatten(1);
        for (int layer = 0; layer < architecture.Widths.Count; layer++) x = F.relu(Apply(MlpArchitecture.LayerOf(layer), x), inplace: true);
        return x.MoveToOuterDisposeScope();
    }

    public override Tensor Head(Tensor features) => Apply("head", features);
}
