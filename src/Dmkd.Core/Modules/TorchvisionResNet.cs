using Dmkd.Core.Models;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Modules;

/// <summary>The network of a <see cref="TorchvisionResNetArchitecture"/>.</summary>
internal sealed class TorchvisionResNet(TorchvisionResNetArchitecture architecture, Generator generator) : LayeredNetwork(architecture, generator)
{
    public override Tensor Features(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = Step(Convolution.ChannelsLast(input), Stem);
        for (int stage = 0; stage < architecture.InnerWidths.Count; stage++)
        {
            for (int block = 0; block < architecture.BlocksOf(stage); block++)
            {
                int s = stage, b = block;
                x = Step(x, map => Block(map, s, b));
            }
        }

        return x.mean([2, 3]).MoveToOuterDisposeScope();
    }

    public override Tensor Head(Tensor features) => Apply("fc", features);

    private Tensor Stem(Tensor image)
    {
        var x = F.relu(Apply("bn1", Apply("conv1", image)), inplace: true);
        return architecture.SmallImageStem ? x : F.max_pool2d(x, 3, stride: 2, padding: 1);
    }

    private Tensor Block(Tensor x, int stage, int block)
    {
        string name = TorchvisionResNetArchitecture.BlockOf(stage, block);
        int last = architecture.InnerPerBlock + 1;
        var result = x;
        for (int i = 1; i < last; i++) result = F.relu(Apply($"{name}.bn{i}", Apply($"{name}.conv{i}", result)), inplace: true);
        result = Apply($"{name}.bn{last}", Apply($"{name}.conv{last}", result));
        var shortcut = architecture.Projects(stage, block) ? Apply($"{name}.downsample.1", Apply($"{name}.downsample.0", x)) : x;
        return F.relu(result.add_(shortcut), inplace: true);
    }
}
