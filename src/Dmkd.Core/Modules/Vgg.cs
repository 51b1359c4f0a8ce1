using Dmkd.Core.Models;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Modules;

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
        for (int layer = 0; layer < architecture.HiddenWidths.Count; layer++) x = F.relu(Apply(VggArchitecture.HiddenOf(layer), x), inplace: true);
        return x.MoveToOuterDisposeScope();
    }

    public override Tensor Head(Tensor features) => Apply(architecture.HeadName, features);

    private Tensor Convolve(Tensor x, int index, bool pools)
    {
        var result = F.relu(Apply(VggArchitecture.FeatureOf(index + 1), Apply(VggArchitecture.FeatureOf(index), x)), inplace: true);
        return pools ? F.max_pool2d(result, 2) : result;
    }
}
