using Dmkd.Core.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Convolution = Dmkd.Core.Models.Convolution;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Modules;

/// <summary>The network of a <see cref="ConvNetArchitecture"/>.</summary>
internal sealed class ConvNet : Network
{
    private readonly Convolution[] _convolutions;
    private readonly BatchNorm2d[] _normalisations;
    private readonly Linear _head;
    private readonly ConvNetArchitecture _architecture;

    public ConvNet(ConvNetArchitecture architecture, Generator generator)
        : base(architecture)
    {
        _architecture = architecture;
        _convolutions = new Convolution[architecture.Widths.Count];
        _normalisations = new BatchNorm2d[architecture.Widths.Count];
        int inputs = architecture.InputChannels;
        for (int layer = 0; layer < _convolutions.Length; layer++)
        {
            int outputs = architecture.Widths[layer];
            _convolutions[layer] = new Convolution(new ConvolutionShape(inputs, outputs, Kernel: 3) { Padding = 1 }, bias: false);
            _normalisations[layer] = nn.BatchNorm2d(outputs);
            register_module(ConvNetArchitecture.ConvolutionOf(layer), _convolutions[layer]);
            register_module(ConvNetArchitecture.NormalisationOf(layer), _normalisations[layer]);
            WeightInitialisation.KaimingNormal(_convolutions[layer].Weight, generator);
            inputs = outputs;
        }

        _head = nn.Linear(inputs, architecture.OutputCount);
        register_module("head", _head);
        WeightInitialisation.Linear(_head, generator);
    }

    public override Tensor Features(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = input;
        for (int layer = 0; layer < _convolutions.Length; layer++)
        {
            x = F.relu(_normalisations[layer].forward(_convolutions[layer].forward(x)), inplace: true);
            if (_architecture.PoolsAfter(layer)) x = F.max_pool2d(x, 2);
        }

        return x.mean([2, 3]).MoveToOuterDisposeScope();
    }

    public override Tensor Head(Tensor features) => _head.forward(features);
}
