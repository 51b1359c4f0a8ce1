using Dmkd.Core.Models;
using Dmkd.Core.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Merging.Alignment;

/// <content>Residual networks.</content>
internal sealed partial class ActivationTrace
{
    private Tensor Features(CifarResNetArchitecture architecture, Tensor input)
    {
        var x = Step(Convolution.ChannelsLast(input), image => Activate("conv1", "bn1", image));
        for (int stage = 0; stage < architecture.InnerWidths.Count; stage++)
        {
            int s = stage, last = architecture.InnerWidths[stage].Count - 1;
            for (int block = 0; block <= last; block++)
            {
                int b = block;
                string name = CifarResNetArchitecture.BlockOf(stage, block);
                x = Step(x, map => Block(name, 1, map, b == last, Shortcut(architecture, s, b, map)));
            }
        }

        return x.mean([2, 3]);
    }

    private Tensor Features(TorchvisionResNetArchitecture architecture, Tensor input)
    {
        var x = Step(Convolution.ChannelsLast(input), image => Stem(architecture, image));
        for (int stage = 0; stage < architecture.InnerWidths.Count; stage++)
        {
            int s = stage, last = architecture.BlocksOf(stage) - 1;
            for (int block = 0; block <= last; block++)
            {
                int b = block;
                string name = TorchvisionResNetArchitecture.BlockOf(stage, block);
                x = Step(x, map => Block(name, architecture.InnerPerBlock, map, b == last, Shortcut(architecture, s, b, map)));
            }
        }

        return x.mean([2, 3]);
    }

    // The stem of basic blocks writes to the first stage's stream, which is shown at the stage's end.
    private Tensor Stem(TorchvisionResNetArchitecture architecture, Tensor image)
    {
        var x = Activate("conv1", "bn1", image);
        if (architecture.Kind == ResNetBlockKind.Bottleneck) Shown("conv1", x);
        return architecture.SmallImageStem ? x : F.max_pool2d(x, 3, stride: 2, padding: 1);
    }

    private Tensor Block(string name, int innerLayers, Tensor x, bool endsStage, Tensor shortcut)
    {
        for (int i = 1; i <= innerLayers; i++) x = Shown($"{name}.conv{i}", Activate($"{name}.conv{i}", $"{name}.bn{i}", x));
        string last = $"{name}.conv{innerLayers + 1}";
        var stream = F.relu(Normalised(last, $"{name}.bn{innerLayers + 1}", x).add_(shortcut));
        return endsStage ? Shown(last, stream) : stream;
    }

    private Tensor Shortcut(CifarResNetArchitecture architecture, int stage, int block, Tensor x)
    {
        if (stage == 0 || block > 0) return x;
        string name = CifarResNetArchitecture.BlockOf(stage, block);
        return architecture.Shortcut == ResNetShortcut.Projected ? Normalised($"{name}.shortcut.0", $"{name}.shortcut.1", x)
            : Padded(Convolution.EveryPixel(x, 2), architecture.ShortcutSources[stage - 1]);
    }

    private Tensor Shortcut(TorchvisionResNetArchitecture architecture, int stage, int block, Tensor x)
    {
        if (!architecture.Projects(stage, block)) return x;
        string name = TorchvisionResNetArchitecture.BlockOf(stage, block);
        return Normalised($"{name}.downsample.0", $"{name}.downsample.1", x);
    }

    private static Tensor Padded(Tensor x, IReadOnlyList<int> sources)
    {
        long[] places = [.. sources.Select(source => source == ChannelMap.Zero ? x.shape[1] : source)];
        return cat([x, zeros_like(x.narrow(1, 0, 1))], 1).index_select(1, tensor(places, device: x.device));
    }
}
