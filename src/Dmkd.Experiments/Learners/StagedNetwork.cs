using Dmkd.Core.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Experiments.Learners;

/// <summary>
/// A convolutional network whose layers are run stage by stage; the last stage ends with the pooling and the head.
/// </summary>
internal sealed class StagedNetwork
{
    private readonly Dictionary<string, nn.Module<Tensor, Tensor>> _modules = new(StringComparer.Ordinal);
    private readonly int[] _halvings;
    private readonly (int First, int End)[] _stages;

    /// <summary>Cuts a network into stages.</summary>
    /// <param name="network">A <see cref="ConvNetArchitecture"/>'s. Borrowed.</param>
    /// <param name="stages">First layer and end of each stage, covering all layers.</param>
    /// <param name="halvings">How often the map is halved after each layer; null as the network itself does it.</param>
    public StagedNetwork(
        Network network,
        IReadOnlyList<(int First, int End)> stages,
        IReadOnlyList<int>? halvings = null
    )
    {
        Network = network;
        var architecture = (ConvNetArchitecture)network.Architecture;
        foreach (var (name, module) in network.named_children())
            if (module is nn.Module<Tensor, Tensor> layer)
                _modules.Add(name, layer);
        _halvings = [.. halvings ?? HalvingsOf(architecture)];
        _stages = [.. stages];
    }

    /// <summary>The network. Borrowed.</summary>
    public Network Network { get; }

    /// <summary>How often an architecture's map is halved after each layer.</summary>
    public static int[] HalvingsOf(ConvNetArchitecture architecture) =>
        [.. architecture.Widths.Select((_, layer) => architecture.PoolsAfter(layer) ? 1 : 0)];

    /// <summary>Cuts layers into stages as equal as can be; the last ones get the layers left over.</summary>
    /// <param name="layers">Number of layers, at least 1.</param>
    /// <param name="stages">Stages wanted; there are no more than layers.</param>
    public static (int First, int End)[] Cut(int layers, int stages)
    {
        int count = Math.Min(layers, stages);
        return [.. Enumerable.Range(0, count).Select(stage => (layers * stage / count, layers * (stage + 1) / count))];
    }

    /// <summary>Runs some stages.</summary>
    /// <param name="first">First stage.</param>
    /// <param name="end">The stage after the last one to run.</param>
    /// <param name="input">What the stage before wrote, or images. Borrowed.</param>
    /// <returns>A map, or logits when the last stage was run; in the current scope. What was put in when no stage is
    /// run.</returns>
    public Tensor Run(int first, int end, Tensor input)
    {
        var x = input;
        for (int stage = first; stage < end; stage++)
        for (int layer = _stages[stage].First; layer < _stages[stage].End; layer++)
            x = RunLayer(layer, x);
        return first < end && end == _stages.Length ? _modules["head"].forward(x.mean([2, 3])) : x;
    }

    /// <summary>The weights of a stage.</summary>
    public IEnumerable<Parameter> ParametersOf(int stage)
    {
        var (first, end) = _stages[stage];
        var names = Enumerable
            .Range(first, end - first)
            .SelectMany(layer => (string[])[ConvolutionOf(layer), NormalisationOf(layer)]);
        if (stage == _stages.Length - 1)
            names = names.Append("head");
        return names.SelectMany(name => _modules[name].parameters());
    }

    private Tensor RunLayer(int layer, Tensor input)
    {
        var x = F.relu(_modules[NormalisationOf(layer)].forward(_modules[ConvolutionOf(layer)].forward(input)));
        return _halvings[layer] == 0 ? x : F.max_pool2d(x, 1L << _halvings[layer]);
    }

    private static string ConvolutionOf(int layer) => $"conv{layer + 1}";

    private static string NormalisationOf(int layer) => $"norm{layer + 1}";
}
