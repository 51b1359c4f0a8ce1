using Dmkd.Core.Models;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Modules;

/// <summary>The network of a <see cref="CifarResNetArchitecture"/>.</summary>
internal sealed class CifarResNet(CifarResNetArchitecture architecture, Generator generator) : LayeredNetwork(architecture, generator)
{
    public override Tensor Features(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = Step(Convolution.ChannelsLast(input), image => F.relu(Apply("bn1", Apply("conv1", image)), inplace: true));
        for (int stage = 0; stage < architecture.InnerWidths.Count; stage++)
        {
            for (int block = 0; block < architecture.InnerWidths[stage].Count; block++)
            {
                int s = stage, b = block;
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
        var shortcut = stage == 0 || block > 0 ? x
            : architecture.Shortcut == ResNetShortcut.Projected ? Apply($"{name}.shortcut.1", Apply($"{name}.shortcut.0", x))
            : Pad(x, architecture.ShortcutSources[stage - 1]);
        return F.relu(result.add_(shortcut), inplace: true);
    }

    // Every second pixel of the mapped channels; -1 reads a channel of zeros put after the last.
    private static Tensor Pad(Tensor x, IReadOnlyList<int> sources)
    {
        long channels = x.shape[1];
        var halved = Convolution.EveryPixel(x, 2);
        var zeros = zeros_like(halved.narrow(1, 0, 1), requires_grad: false);
        long[] places = [.. sources.Select(source => source == ChannelMap.Zero ? channels : source)];
        return cat([halved, zeros], 1).index_select(1, tensor(places, device: x.device));
    }
}
