using Dmkd.Core.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Convolution = Dmkd.Core.Models.Convolution;

namespace Dmkd.Core.Modules;

/// <summary>A network that registers the layers of its architecture under their dotted names and applies them by name.</summary>
internal abstract class LayeredNetwork : Network
{
    private const double LayerNormalisationEpsilon = 1e-6; // as in the Vision Transformer's published weights
    private readonly Dictionary<string, nn.Module<Tensor, Tensor>> _layers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, nn.Module> _groups = new(StringComparer.Ordinal);

    protected LayeredNetwork(LayeredArchitecture architecture, Generator generator)
        : base(architecture)
    {
        foreach (var layer in architecture.Layers)
        {
            var (group, leaf) = Place(layer.Name);
            if (layer.Kind == LayerKind.Embedding)
            {
                // Detached: a bare parameter belongs to the scope it is made in and dies with it, unlike those of TorchSharp's own modules.
                long[] shape = [1, layer.Positions, architecture.WidthOf(layer.Rows)];
                group.register_parameter(leaf, WeightInitialisation.Embedding(shape, generator));
                continue;
            }

            var module = Make(architecture, layer, generator);
            group.register_module(leaf, module);
            _layers.Add(layer.Name, module);
        }
    }

    /// <summary>Applies a layer.</summary>
    /// <returns>In the current scope.</returns>
    protected Tensor Apply(string layer, Tensor input) => _layers[layer].forward(input);

    /// <summary>Runs a step in a scope of its own and disposes its input, so that a forward pass holds two maps and not all.</summary>
    protected static Tensor Step(Tensor input, Func<Tensor, Tensor> step)
    {
        using var scope = NewDisposeScope();
        using (input) return step(input).MoveToOuterDisposeScope();
    }

    private (nn.Module Group, string Leaf) Place(string path)
    {
        int dot = path.LastIndexOf('.');
        return dot < 0 ? (this, path) : (GroupOf(path[..dot]), path[(dot + 1)..]);
    }

    private nn.Module GroupOf(string path)
    {
        if (_groups.TryGetValue(path, out var known)) return known;
        var (parent, leaf) = Place(path);
        ModuleGroup group = new(leaf);
        parent.register_module(leaf, group);
        _groups.Add(path, group);
        return group;
    }

    private static nn.Module<Tensor, Tensor> Make(LayeredArchitecture architecture, Layer layer, Generator generator)
    {
        int rows = architecture.WidthOf(layer.Rows), columns = layer.Columns is null ? 0 : architecture.WidthOf(layer.Columns);
        switch (layer.Kind)
        {
            case LayerKind.BatchNormalisation:
                return nn.BatchNorm2d(rows);
            case LayerKind.LayerNormalisation:
                return nn.LayerNorm(rows, LayerNormalisationEpsilon);
            case LayerKind.Linear:
                Linear linear = nn.Linear(columns, rows, layer.Bias);
                WeightInitialisation.Linear(linear, generator);
                return linear;
            default:
                int padding = layer.Padded ? layer.Kernel / 2 : 0;
                Convolution convolution = new(new ConvolutionShape(columns, rows, layer.Kernel) { Stride = layer.Stride, Padding = padding }, layer.Bias);
                WeightInitialisation.KaimingNormal(convolution.Weight, generator);
                return convolution;
        }
    }
}
